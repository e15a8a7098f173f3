"""Work that a thread of its own does from the beginning of a block to its end."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Background(ABC):
    """Entering the block starts the thread; leaving it asks the thread to end, and waits for that."""

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
        """What the thread does; it returns soon after `_ends_within` said true."""

    def _ends_within(self, seconds: float) -> bool:
        """Waits so long at most; whether the block has ended."""
        return self._over.wait(seconds)
