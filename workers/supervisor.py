"""Supervises one trainer process: stores its progress, and stops it on request."""

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


class StopReason(Enum):
    """Why the trainer was asked to stop."""

    nothing = auto()
    cancel = auto()
    shutdown = auto()
    silent = auto()


@dataclass(frozen=True, slots=True)
class Ending:
    """How the trainer ended: its return code (negative: a signal), and why it had been asked to stop."""

    code: int
    stopped: StopReason


@dataclass(frozen=True, slots=True)
class Supervisor:
    """`grace` is the time from SIGTERM to SIGKILL, in seconds."""

    store: Store
    stopping: threading.Event
    heartbeat: Heartbeat
    grace: float

    def supervise(self, claimed: Round, folder: Path, trainer: Sequence[str]) -> Ending:
        """Run `trainer folder` to its end. Its whole process group has ended on return, and ends if this process dies.

        The trainer is also stopped where the heartbeat fails for too long (see `Watchdog`). Raises StaleFence, after killing the
        trainer, when another worker holds the round.
        """
        stored = self.store.rounds.events(claimed.id, 0)
        tail = EventTail(folder, stored[-1].seq if stored else 0)
        child = Child(Command((*trainer, str(folder)), folder / "trainer.log", {}, grace=self.grace))
        try:
            stopped = self._watch(claimed, child, tail)
            self._store(claimed, tail)
            return Ending(child.wait(), stopped)
        finally:
            if child.poll() is None:
                child.kill()
            child.end()

    def _watch(self, claimed: Round, child: Child, tail: EventTail) -> StopReason:
        stopped, kept = StopReason.nothing, True
        with Watchdog(self.heartbeat, child) as watchdog:
            while child.poll() is None:
                before, kept = kept, self._store(claimed, tail)
                if before and not kept:  # once, however long it is away
                    log.warning("the database does not answer: progress is kept for later", round=claimed.id)
                if self.heartbeat.lost:
                    raise StaleFence(f"round {claimed.id} is not ours any more")
                if stopped is StopReason.nothing and (self.heartbeat.cancelled or self.stopping.is_set()):
                    stopped = StopReason.cancel if self.heartbeat.cancelled else StopReason.shutdown
                    child.ask_to_end()
                time.sleep(TICK)
        return StopReason.silent if stopped is StopReason.nothing and watchdog.fired else stopped

    def _store(self, claimed: Round, tail: EventTail) -> bool:
        """Store the new events. Returns False while the database does not answer; the events are stored later and training continues."""
        try:
            for event in tail.fresh():
                self.store.rounds.progress(claimed.id, claimed.fence, event)
        except OperationalError:
            return False
        return True
