"""Ends the trainer of a worker that lost touch with the database, before its round can be given to another worker."""

import threading
from types import TracebackType
from typing import Self

import structlog

from feedback_app.processes.child_processes import Child
from workers.heartbeat import Heartbeat

log = structlog.get_logger()

TICK = 0.25
ASK, KILL = 0.5, 0.8
"""Shares of the time that a round may be silent: the trainer is then asked to save its state and end, and killed."""


class Watchdog:
    """A thread of its own that never asks the database, which may keep a caller waiting for long. `bit`: it has ended the
    trainer."""

    def __init__(self, heartbeat: Heartbeat, child: Child) -> None:
        self.bit = False
        self._heartbeat = heartbeat
        self._child = child
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(TICK):
            silence = self._heartbeat.silence
            if silence >= KILL:
                self._child.kill()
                return
            if silence >= ASK and not self.bit:
                log.warning("no touch with the database: the trainer is ended")
                self.bit = True
                self._child.ask_to_end()
