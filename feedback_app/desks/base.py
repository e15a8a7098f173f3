"""The one protocol that annotation desks (Argilla, later Label Studio) speak."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from feedback_app.domain.comparison import Message


class DeskUnavailable(RuntimeError):
    """The desk cannot be reached now: try again later."""


class DeskRefused(RuntimeError):
    """The desk will not take this record (or this key) as it is; the reason carries no text of the record."""


@dataclass(frozen=True, slots=True)
class DeskRecord:
    """A comparison with its verdict, as a desk shows it. `candidates` are (id, text, model) in shown order;
    `ranking` is groups of candidate ids, best first, or None where there is no verdict (yet, or any more)."""

    comparison_id: str
    messages: tuple[Message, ...]
    candidates: tuple[tuple[str, str, str], ...]
    ranking: tuple[tuple[str, ...], ...] | None
    all_bad: bool
    aspects: tuple[str, ...]
    note: str
    edit: str | None
    annotator: str
    created_at: datetime


class AnnotationDesk(Protocol):
    name: str

    def deliver(self, record: DeskRecord) -> None:
        """Bring the desk's record up to date; idempotent. A record without a ranking loses its response.

        Raises DeskUnavailable, DeskRefused.
        """
        ...

    def health(self) -> bool: ...
