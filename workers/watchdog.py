"""Stops the trainer of a worker that cannot reach the database, before another worker may get its round."""

import structlog

from feedback_app.processes.child_processes import Child
from workers.background import Background
from workers.heartbeat import Heartbeat

log = structlog.get_logger()

TICK = 0.25
ASK, KILL = 0.5, 0.8
"""Shares of the time after which a round counts as lost: at the first the trainer is asked to save its state and end, at the second
it is killed."""


class Watchdog(Background):
    """A thread that never calls the database, since a call may block for long. `fired`: it has stopped the trainer."""

    def __init__(self, heartbeat: Heartbeat, child: Child) -> None:
        super().__init__("watchdog")
        self.fired = False
        self._heartbeat = heartbeat
        self._child = child

    def _work(self) -> None:
        while not self._ends_within(TICK):
            silence = self._heartbeat.silence
            if silence >= KILL:
                self._child.kill()
                return
            if silence >= ASK and not self.fired:
                log.warning("the database cannot be reached: the trainer is stopped")
                self.fired = True
                self._child.ask_to_end()
