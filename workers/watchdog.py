"""Ends the trainer of a worker that lost touch with the database, before its round can be given to another worker."""

import structlog

from feedback_app.up.processes import Child
from workers.background import Background
from workers.heartbeat import Heartbeat

log = structlog.get_logger()

TICK = 0.25
ASK, KILL = 0.5, 0.8
"""Shares of the time that a round may be silent: the trainer is then asked to save its state and end, and killed."""


class Watchdog(Background):
    """A thread of its own that never asks the database, which may keep a caller waiting for long. `bit`: it has ended the
    trainer."""

    def __init__(self, heartbeat: Heartbeat, child: Child) -> None:
        super().__init__("watchdog")
        self.bit = False
        self._heartbeat = heartbeat
        self._child = child

    def _work(self) -> None:
        while not self._ends_within(TICK):
            silence = self._heartbeat.silence
            if silence >= KILL:
                self._child.kill()
                return
            if silence >= ASK and not self.bit:
                log.warning("no touch with the database: the trainer is ended")
                self.bit = True
                self._child.ask_to_end()
