"""A child process that cannot outlive its parent, however the parent ends.

The parent holds the other end of the child's standard input and writes nothing; the kernel closes it with the parent.
"""

import os
import signal
import sys
import threading
import time
from functools import partial

GRACE_SECONDS = 5


def end_with_parent() -> None:
    """End this process, and each one that it forks, once standard input ends."""
    end = os.dup(sys.stdin.fileno())  # multiprocessing puts another file in the place of standard input
    _watch(end)
    os.register_at_fork(after_in_child=partial(_watch, end))


def _watch(end: int) -> None:
    threading.Thread(target=_end_after, args=(end,), daemon=True).start()


def _end_after(end: int) -> None:
    while os.read(end, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
