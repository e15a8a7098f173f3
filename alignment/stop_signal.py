"""Stopping a round with SIGTERM, so that a rerun continues where it stopped."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(Exception):
    """The round was asked to stop."""


class StopSignal:
    """Raises Interrupted at SIGTERM: at once, or at the end of a `deferred` block, which can save its state first."""

    def __init__(self) -> None:
        self.requested = False
        self._deferred = False

    def listen(self) -> None:
        """Handle SIGTERM from now on. Only in the main thread."""
        signal.signal(signal.SIGTERM, self._on_signal)

    def check(self) -> None:
        """Raise Interrupted if the round was asked to stop."""
        if self.requested:
            raise Interrupted

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within the block the request only sets `requested`. Interrupted is raised after the block."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        self.check()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        again, self.requested = self.requested, True
        # A second signal must not disturb what the first one started.
        if not again and not self._deferred:
            raise Interrupted
