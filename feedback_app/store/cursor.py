"""Keyset cursors: where a page ended, as an opaque word."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.mended import MendedMoment
from feedback_app.domain.text_rules import name_fault
from feedback_app.errors import Invalid

UNREAD = "?"
"""Begins a moment that stands in the store and is none."""


class InvalidCursor(Invalid, ValueError):
    """A cursor that is not one of ours."""


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` is None on the last page."""

    items: Sequence[Comparison]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the order of (created_at, id)."""

    created_at: datetime
    id: str


def encode_cursor(position: Position) -> str:
    moment = position.created_at
    told = f"{UNREAD}{quote(str(moment.stored))}" if isinstance(moment, MendedMoment) else moment.isoformat()
    words = f"{told} {position.id}"
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position:
    """Raises InvalidCursor."""
    try:
        words = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, comparison_id = words.partition(" ")
        created_at = _moment(moment)
        ours = name_fault(comparison_id) is None
    except (ValueError, OverflowError, binascii.Error):
        ours = False
    if not ours:
        raise InvalidCursor("this cursor is not one of ours: leave it out to begin with the newest") from None
    return Position(created_at, comparison_id)


def _moment(text: str) -> datetime:
    """Raises ValueError, OverflowError."""
    if text.startswith(UNREAD):
        return MendedMoment.of(unquote(text.removeprefix(UNREAD)))
    if "+" not in text:
        raise ValueError("a moment without its zone")
    return datetime.fromisoformat(text).astimezone(UTC)
