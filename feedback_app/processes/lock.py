"""A lock that a supervisor and its children hold together.

`filelock` cannot be used here: releasing its lock unlocks the file for every process that shares the descriptor, and it
does not expose the descriptor. The children of a killed supervisor must keep the next supervisor out until they have
ended. So the lock is only closed and never unlocked, and the kernel frees it when its last holder ends.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

RETRY_SECONDS = 0.2


class Held(RuntimeError):
    """Another process holds the lock and is not ending."""


@contextmanager
def shared_with_children(path: Path, patience: float, stays: Callable[[], bool]) -> Iterator[int]:
    """Hold the lock and yield its descriptor for the children. Waits at most `patience` seconds, and not at all if `stays()`
    says that the holder is not ending. Raises Held."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait(handle, patience, stays)
        yield handle
    finally:
        os.close(handle)


def _wait(handle: int, patience: float, stays: Callable[[], bool]) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if stays() or time.monotonic() > deadline:
                raise Held from None
            time.sleep(RETRY_SECONDS)
