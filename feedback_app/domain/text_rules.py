"""What a text and a number may be, wherever they come from: HTTP, files, annotation desks, engines, the command line. Pure.

One rule for all, so that whatever is taken in one way can be exported and imported in another. A text is whole Unicode
(JSON can spell half a surrogate pair, which UTF-8 cannot) without NUL, which PostgreSQL's text does not hold. Other control
characters may stand in long texts, as in a pasted log, but not in names. A number is finite.
"""

import math
import re

LONGEST_CONVERSATION = 1_000_000
"""Characters of all turns of a prompt together."""
LONGEST_REPLY = 1_000_000
LONGEST_REPLIES = 4_000_000
"""Characters of all replies of a comparison together."""
MOST_REPLIES = 10_000
LONGEST_EDIT = 100_000
LONGEST_NOTE = 10_000
LONGEST_NAME = 200
"""An id, a version, an annotator, a source, a persona, a tag, a tone tag."""
MOST_TAGS = 100
MOST_ASPECTS = 32
LONGEST_SECONDS = 1e9
"""Seconds that a person may have taken for a ranking: about 30 years."""
LARGEST_INTEGER = 2**63 - 1

UNFIT = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"


class DamagedText(str):
    """A stored text that no text may be, with U+FFFD in place of what it may not hold. Whatever holds one is damaged: it is
    shown and can be deleted, and is left out of exports and rounds."""

    __slots__ = ()


def text_fault(text: str) -> str | None:
    """What is wrong with a text, as the end of a sentence; None where nothing is."""
    if isinstance(text, DamagedText):
        return "was damaged in the database"
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a surrogate pair"
    return None


def name_fault(text: str) -> str | None:
    """The same for a short text of one line: an id, a version, a person, a tag."""
    if len(text) > LONGEST_NAME or not text.isprintable():
        return f"must be at most {LONGEST_NAME} printable characters"
    return None


def length_fault(text: str, longest: int) -> str | None:
    """The same for a text of limited length, in characters."""
    return f"is longer than {longest:,} characters" if len(text) > longest else None


def number_fault(number: float) -> str | None:
    """The same for a number: finite, and if it is whole within 64 bits."""
    if isinstance(number, int):
        return None if abs(number) <= LARGEST_INTEGER else "is a whole number of more than 64 bits"
    return None if math.isfinite(number) else "is not a finite number"


def seconds_fault(seconds: float | None) -> str | None:
    """The same for the time that a ranking took; None is not known."""
    if seconds is None or (not isinstance(seconds, bool) and 0 <= seconds <= LONGEST_SECONDS):
        return None
    return f"must be a number of seconds from 0 to {LONGEST_SECONDS:,.0f}"


def repaired(text: str) -> str:
    """The text with its half surrogate pairs joined where two halves belong together; U+FFFD stands for what is left of them and
    for NUL."""
    if UNFIT.search(text) is None:
        return text
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", REPLACEMENT)
