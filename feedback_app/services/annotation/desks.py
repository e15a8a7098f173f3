"""The state of the annotation servers in use, and sending all comparisons again."""

from dataclasses import dataclass
from typing import Literal

from feedback_app.errors import NotFound
from feedback_app.store import Store

Mood = Literal["connected", "catching up", "away", "refused", "not reached yet"]


class UnknownDesk(NotFound, LookupError):
    """No annotation desk of that name is used; the message says how to use it."""


@dataclass(frozen=True, slots=True)
class DeskStatus:
    """`left` comparisons wait for the desk; it `refused` others; `problems` are lines about what could not be used."""

    name: str
    mood: Mood
    left: int
    refused: int
    reason: str
    problems: tuple[str, ...]


class Desks:
    """`names` are the desks that hear of each ranking."""

    def __init__(self, store: Store, names: tuple[str, ...]) -> None:
        self._store = store
        self.names = names

    def status(self) -> list[DeskStatus]:
        return [self._status(name) for name in self.names]

    def resend(self, name: str) -> int:
        """Have every comparison brought to a desk again, imported ones too (deliveries are idempotent), and everything
        there read anew; how many. Raises UnknownDesk."""
        if name not in self.names:
            raise UnknownDesk(
                f"{name} is not used: set CODELYNN_ARGILLA_ENABLED=true, or start `codelynn label-studio up`"
            )
        self._store.desks.set_state(name, mark="")
        queued = 0
        for ids in self._store.comparisons.written_ids():
            self._store.outbox.enqueue(ids, [name])
            queued += len(ids)
        return queued

    def _status(self, name: str) -> DeskStatus:
        state, counts = self._store.desks.state(name), self._store.outbox.counts(name)
        moods: dict[str, Mood] = {"away": "away", "refused": "refused", "unknown": "not reached yet"}
        reached: Mood = "catching up" if counts["pending"] else "connected"
        mood = moods.get(state.state, reached)
        return DeskStatus(name, mood, counts["pending"], counts["refused"], state.reason, state.problems)
