"""What stands for a stored value that cannot be read: a text, a moment, an object. Whatever holds one is damaged. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from feedback_app.domain.text_rules import DamagedText

UNREADABLE = DamagedText("(This record is damaged and cannot be read. Delete it.)")


class DamagedMoment(datetime):
    """A stored moment that is none. It counts as the beginning of 1970; `stored` is what stands in the store."""

    stored: Any = None

    @classmethod
    def of(cls, stored: Any) -> "DamagedMoment":
        moment = cls(1970, 1, 1, tzinfo=UTC)
        moment.stored = stored
        return moment


class DamagedObject(dict[str, Any]):
    """A stored JSON object that is none. It is empty."""


def damaged(values: Iterable[object]) -> bool:
    """Whether one of these stored values could not be read."""
    return any(isinstance(value, (DamagedText, DamagedMoment, DamagedObject)) for value in values)
