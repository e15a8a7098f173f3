"""A thread that runs from the beginning of a `with` block to its end."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Background(ABC):
    """Entering the block starts the thread. Leaving it asks the thread to end and waits for it."""

    def __init__(self, name: str) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @abstractmethod
    def _work(self) -> None:
        """The work of the thread. It must return soon after `_ends_within` returns True."""

    def _ends_within(self, seconds: float) -> bool:
        """Wait for at most `seconds`. Returns whether the block has ended."""
        return self._over.wait(seconds)
