"""Wait for state, never for time."""

import time
from collections.abc import Callable

import psutil


def until(predicate: Callable[[], object], seconds: float = 30.0, every: float = 0.05) -> None:
    """Return once `predicate()` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds:g} s: {getattr(predicate, '__name__', predicate)}")
        time.sleep(every)


def ended(pid: int) -> bool:
    """Whether that process is no more, or waits only to be reaped; it may go at any moment of this."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
