"""Keyset cursors: where a page ended, as an opaque word."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback_app.domain.comparison import Comparison


class InvalidCursor(ValueError):
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
    words = f"{position.created_at.isoformat()} {position.id}"
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position:
    """Raises InvalidCursor."""
    try:
        words = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, comparison_id = words.partition(" ")
        created_at = datetime.fromisoformat(moment)
    except (ValueError, binascii.Error):
        created_at = None
    if created_at is None or created_at.tzinfo is None:
        raise InvalidCursor("this cursor is not one of ours: leave it out to begin with the newest") from None
    return Position(created_at, comparison_id)
