"""Runs a command whose whole process group ends when its owner ends, even by `kill -9`. This small process is the "leash".

    python -I -S leash.py GRACE NICE COMMAND…

The owner holds the other end of our standard input. When it closes, or on SIGTERM, the group gets SIGTERM, and
SIGKILL after GRACE seconds; on SIGUSR1 it gets SIGKILL at once. This process ends as the command ended, with the same
return code or signal, so that an out-of-memory kill (SIGKILL) stays visible. It runs without site packages to stay small.
"""

import os
import signal
import subprocess
import sys
import threading
from types import FrameType


class Leash:
    """Owns one process group."""

    def __init__(self, grace: float) -> None:
        self.grace = grace
        self.group = 0
        self.stop_requested = False

    def stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Ask the group to end, and kill it after `grace` seconds."""
        self.stop_requested = True
        self.signal(signal.SIGTERM)
        timer = threading.Timer(self.grace, self.signal, (signal.SIGKILL,))
        timer.daemon = True
        timer.start()

    def kill(self, _number: int, _frame: FrameType | None) -> None:
        self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        if self.group:
            try:
                os.killpg(self.group, number)
            except ProcessLookupError:
                return

    def watch_owner(self) -> None:
        while os.read(0, 1):
            pass
        self.stop()

    def run(self, command: list[str]) -> int:
        """Run the command until it ends. Returns its return code as `subprocess` does."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGUSR1, self.kill)
        signal.signal(signal.SIGINT, lambda *_: None)  # SIG_IGN would be inherited
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)
        self.group = child.pid
        if self.stop_requested:
            self.signal(signal.SIGTERM)
        threading.Thread(target=self.watch_owner, daemon=True).start()
        code = child.wait()
        self.signal(signal.SIGKILL)  # processes that the command left behind in its group
        return code


def end_like(code: int) -> None:
    """End this process with that return code or signal."""
    if code >= 0:
        os._exit(code)
    if -code != signal.SIGKILL:
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)


if __name__ == "__main__":
    os.nice(int(sys.argv[2]))
    end_like(Leash(float(sys.argv[1])).run(sys.argv[3:]))
