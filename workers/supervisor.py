"""Watches over one trainer process: hands its progress on, and stops it when told to."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import structlog
from sqlalchemy.exc import OperationalError

from alignment.contract.events import EventTail
from feedback_app.domain.round import Round
from feedback_app.processes.child_processes import Child, Command
from feedback_app.store import StaleFence, Store
from workers.heartbeat import Heartbeat
from workers.watchdog import Watchdog

log = structlog.get_logger()

TICK = 0.25


class Told(Enum):
    """Why the trainer was stopped, if it was."""

    nothing = auto()
    cancel = auto()
    shutdown = auto()
    silent = auto()


@dataclass(frozen=True, slots=True)
class Ending:
    """How the trainer ended: its return code (negative: a signal), and whether we had told it to stop."""

    code: int
    told: Told


@dataclass(frozen=True, slots=True)
class Supervisor:
    """`grace` from SIGTERM to SIGKILL, in seconds."""

    store: Store
    stopping: threading.Event
    heartbeat: Heartbeat
    grace: float

    def supervise(self, claimed: Round, folder: Path, trainer: Sequence[str]) -> Ending:
        """Run `trainer folder` to its end. Its whole process group is gone on return, and also if this process dies.

        A trainer is also ended where the heartbeat fails for too long (see `Watchdog`). Raises StaleFence (the trainer is
        killed) once another worker holds the round.
        """
        known = self.store.rounds.events(claimed.id, 0)
        tail = EventTail(folder, known[-1].seq if known else 0)
        child = Child(Command((*trainer, str(folder)), folder / "trainer.log", {}, grace=self.grace))
        try:
            told = self._watch(claimed, child, tail)
            self._hand_on(claimed, tail)
            return Ending(child.wait(), told)
        finally:
            if child.poll() is None:
                child.kill()
            child.end()

    def _watch(self, claimed: Round, child: Child, tail: EventTail) -> Told:
        told, kept = Told.nothing, True
        with Watchdog(self.heartbeat, child) as watchdog:
            while child.poll() is None:
                before, kept = kept, self._hand_on(claimed, tail)
                if before and not kept:  # once, however long it is away
                    log.warning("the database does not answer: progress is kept for later", round=claimed.id)
                if self.heartbeat.lost:
                    raise StaleFence(f"round {claimed.id} is not ours any more")
                if told is Told.nothing and (self.heartbeat.cancelled or self.stopping.is_set()):
                    told = Told.cancel if self.heartbeat.cancelled else Told.shutdown
                    child.ask_to_end()
                time.sleep(TICK)
        return Told.silent if told is Told.nothing and watchdog.bit else told

    def _hand_on(self, claimed: Round, tail: EventTail) -> bool:
        """Keep the new events. A database that is away for a moment (False) gets them later; training goes on."""
        try:
            for event in tail.fresh():
                self.store.rounds.progress(claimed.id, claimed.fence, event)
        except OperationalError:
            return False
        return True
