"""Untrusted text as the pages show it, and small pieces of our own HTML."""

import re
from html import escape

FENCED_OR_INLINE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)
TAG = re.compile(r"<(?=[A-Za-z/!?])")
WORD_JOINER = "\u2060"


def untrusted(text: str) -> str:
    """Markdown without raw HTML and images: both are kept apart by an invisible character and read as text.

    Code stays as it is (the renderer escapes it). An image would carry the conversation away in its address.
    """
    parts = FENCED_OR_INLINE.split(text)
    return "".join(part if i % 2 else _kept_apart(part) for i, part in enumerate(parts))


def _kept_apart(text: str) -> str:
    return TAG.sub(f"<{WORD_JOINER}", text).replace("![", f"!{WORD_JOINER}[")


def typed(text: str) -> str:
    """What a person wrote into text that came out of `untrusted`."""
    return text.replace(WORD_JOINER, "")


def plain(text: str, css: str = "") -> str:
    """Text as a paragraph that keeps its line breaks."""
    return f'<p class="plain {css}">{escape(text)}</p>'


def notice(message: str) -> str:
    """One line that tells what happened; read aloud by screen readers. Empty: nothing."""
    return f'<p class="notice" role="status">{escape(message)}</p>' if message else ""


def alert(message: str) -> str:
    """One line that tells what is wrong and what to do."""
    return f'<p class="notice alert" role="alert">{escape(message)}</p>' if message else ""


def heading(title: str, line: str) -> str:
    """A page's title and what it is for."""
    return f'<header class="page-head"><h1>{escape(title)}</h1><p>{escape(line)}</p></header>'


def sentence(text: str) -> str:
    """A message of the services as it begins a line."""
    return text[:1].upper() + text[1:]


def topic_name(topic: str) -> str:
    """A topic as a person reads it: `small_talk` is "Small talk"."""
    return topic.replace("_", " ").capitalize()


def count(n: int, one: str, many: str = "") -> str:
    """`1 pair`, `2 pairs`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
