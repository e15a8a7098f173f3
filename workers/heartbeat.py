"""Shows that a round's worker is alive, from its claim to its end, and hears what is wanted of it."""

import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from feedback_app.domain.round import Round
from feedback_app.store import RoundNotFound, StaleFence, Store
from workers.background import Background

log = structlog.get_logger()


class Heartbeat(Background):
    """A thread that writes the heartbeat every `seconds`, so that nothing that takes long makes a round look dead.

    `cancelled`: the round is to be cancelled. `lost`: another worker holds it, or it is gone. `stale`: after so many seconds
    without a heartbeat the round may be given to another worker.
    """

    def __init__(self, store: Store, claimed: Round, seconds: float, stale: float) -> None:
        super().__init__("heartbeat")
        self.cancelled = False
        self.lost = False
        self._store = store
        self._claimed = claimed
        self._seconds = seconds
        self._stale = stale
        self._shown_at = clock()

    @property
    def silence(self) -> float:
        """How far we are from the last heartbeat (0) to the moment in which another worker may be given the round (1)."""
        return (clock() - self._shown_at) / self._stale

    def _work(self) -> None:
        while not self.lost:
            self._beat()
            if self._ends_within(self._seconds):
                return

    def _beat(self) -> None:
        began = clock()
        try:
            self.cancelled = self._store.rounds.heartbeat(
                self._claimed.id, self._claimed.fence
            ).cancel_requested
            self._shown_at = began
        except (StaleFence, RoundNotFound):
            self.lost = True
        except SQLAlchemyError:
            log.warning("the database does not answer: the heartbeat is late", round=self._claimed.id)


def clock() -> float:
    """Seconds that pass while the machine sleeps, too: other workers' clocks go on."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
