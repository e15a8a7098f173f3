"""Shows that the worker of a round is alive, and learns whether the round is to be cancelled."""

import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from feedback_app.domain.round import Round
from feedback_app.store import RoundNotFound, StaleFence, Store
from workers.background import Background

log = structlog.get_logger()


class Heartbeat(Background):
    """A thread that writes the heartbeat every `seconds`, however long the worker's other steps take.

    `cancelled`: the round is to be cancelled. `lost`: another worker holds the round, or it was deleted. `stale`: seconds without a
    heartbeat after which another worker may get the round.
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
        """The time since the last heartbeat, as a share of the time after which another worker may get the round."""
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
    """Seconds, counted also while the machine sleeps, as the clocks of other workers do."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
