"""Untrusted text in Markdown, one-line messages as HTML, and small rules of wording."""

import re

from markupsafe import Markup

from feedback_app.ui.shared.templates import render

FENCED_OR_INLINE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)
TAG = re.compile(r"<(?=[A-Za-z/!?])")
WORD_JOINER = "\u2060"


def untrusted(text: str) -> str:
    """Markdown in which raw HTML and images read as text: an invisible character breaks up their syntax.

    Code stays unchanged, because the renderer escapes it. Images are not allowed because the address of an image could send the
    conversation to another server.
    """
    parts = FENCED_OR_INLINE.split(text)
    return "".join(part if i % 2 else _broken_up(part) for i, part in enumerate(parts))


def _broken_up(text: str) -> str:
    return TAG.sub(f"<{WORD_JOINER}", text).replace("![", f"!{WORD_JOINER}[")


def typed(text: str) -> str:
    """The original of a text that `untrusted` returned and a person may have edited since."""
    return text.replace(WORD_JOINER, "")


def plain(text: str, css: str = "") -> Markup:
    """A paragraph that keeps its line breaks."""
    return _line(text, f"plain {css}".strip())


def quiet(text: str) -> Markup:
    """A paragraph in subdued colour."""
    return _line(text, "quiet")


def notice(message: str) -> Markup:
    """One line that reports what happened. Screen readers read it aloud. Empty for an empty message."""
    return _line(message, "notice", "status") if message else Markup()


def alert(message: str) -> Markup:
    """One line that reports a problem and what to do about it. Empty for an empty message."""
    return _line(message, "notice alert", "alert") if message else Markup()


def heading(title: str, purpose: str) -> Markup:
    """The title of a page and what the page is for."""
    return render("shared/heading.html", title=title, purpose=purpose)


def section(title: str) -> Markup:
    """The heading of a section of a page."""
    return render("shared/section.html", title=title)


def _line(text: str, css: str, role: str = "") -> Markup:
    return render("shared/line.html", text=text, css=css, role=role)


def sentence(text: str) -> str:
    """A message of the services with a capital first letter."""
    return text[:1].upper() + text[1:]


def topic_name(topic: str) -> str:
    """A topic in words: `small_talk` becomes "Small talk"."""
    return topic.replace("_", " ").capitalize()


def count(n: int, one: str, many: str = "") -> str:
    """`1 pair`, `2 pairs`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
