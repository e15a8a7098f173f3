"""SIGTERM: stop soon, and leave everything so that a rerun goes on from here."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(Exception):
    """The round was asked to stop."""


class StopSignal:
    """Raises Interrupted at once where nothing is lost, or remembers the request where state must be saved first."""

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
        """Within, the request is only remembered; the body looks at `requested`. After it, Interrupted is raised."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        self.check()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        again, self.requested = self.requested, True
        if (
            not again and not self._deferred
        ):  # whoever asks twice must not disturb what the first request set off
            raise Interrupted
