"""A lock that a supervisor and its children hold together.

`filelock` does not serve here: releasing its lock unlocks the file for every process that shares the descriptor, and it
does not give the descriptor away. Children of a supervisor that was killed must keep the next one out until they have
ended. So the lock is only ever closed, never unlocked, and the kernel frees it with its last holder.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOOK_AGAIN = 0.2


class Held(RuntimeError):
    """Another process has the lock and is not about to end."""


@contextmanager
def shared_with_children(path: Path, patience: float, stays: Callable[[], bool]) -> Iterator[int]:
    """Hold the lock; yields its descriptor for the children. Waits at most `patience` seconds, and not at all where `stays`
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
            time.sleep(LOOK_AGAIN)
