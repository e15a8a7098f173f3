"""Reports the progress of a snapshot that is being written, and ends it where the round is to stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import OperationalError

from alignment.contract.durations import SNAPSHOT
from alignment.contract.events import EventLog, EventTail, Plan
from feedback_app.domain.round import Round
from feedback_app.store import Store
from workers.plan import PlannedRound

EVERY_SECONDS = 1.0


@dataclass(slots=True)
class SnapshotProgress:
    """Call it with the number of comparisons that are written. `check` raises where the round is to stop.
    The trainer continues the same file of events."""

    store: Store
    claimed: Round
    plan: PlannedRound
    events: EventLog
    tail: EventTail
    check: Callable[[], None]
    _reported: float = field(default=float("-inf"))

    @classmethod
    def of(
        cls, store: Store, claimed: Round, folder: Path, plan: PlannedRound, check: Callable[[], None]
    ) -> "SnapshotProgress":
        """Reports that the snapshot begins."""
        known = store.rounds.events(claimed.id, 0)
        tail = EventTail(folder, known[-1].seq if known else 0)
        events = EventLog(folder, Plan(plan.seconds), expected=plan.expected)
        progress = cls(store, claimed, plan, events, tail, check)
        progress(0)
        return progress

    def __call__(self, done: int) -> None:
        self.check()
        if time.monotonic() - self._reported < EVERY_SECONDS:
            return
        self._reported = time.monotonic()
        self._emit("Writing the snapshot", done)

    def finished(self) -> None:
        """Reports that the snapshot is written: the trainer starts, which takes some seconds."""
        self._emit("Starting the training", max(self.plan.total, 1))

    def _emit(self, what: str, done: int) -> None:
        message = f"{what}. {self.plan.usage}" if self.plan.usage else what
        self.events.emit(SNAPSHOT, done, max(self.plan.total, done, 1), message=message)
        try:
            for event in self.tail.fresh():
                self.store.rounds.progress(self.claimed.id, self.claimed.fence, event)
        except OperationalError:  # the database does not answer: the events are stored later
            return
