"""Child processes that cannot outlive their parent: start them, end them, and get their return codes."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from feedback_app.processes import leash

LOG_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Command:
    """A command to run. `env` is added to our environment, `log` receives stdout and stderr, `grace` is the number of
    seconds between SIGTERM and SIGKILL, and `nice` is added to our niceness."""

    argv: Sequence[str]
    log: Path
    env: Mapping[str, str]
    grace: float = 10.0
    nice: int = 0


class Child:
    """A running command with its process group. A small process, the leash, ends it if we end (see `leash`)."""

    def __init__(self, command: Command, hold: Sequence[int] = ()) -> None:
        """Start the command. The file descriptors `hold` stay open until the whole group has ended. Raises OSError."""
        command.log.parent.mkdir(parents=True, exist_ok=True)
        _rotate(command.log)
        leashed = [sys.executable, "-I", "-S", leash.__file__, f"{command.grace:g}", str(command.nice)]
        with command.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*leashed, *command.argv],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **command.env},
                start_new_session=True,
                pass_fds=tuple(hold),
            )

    @property
    def pid(self) -> int:
        """The process id of the leash; the command is its only child."""
        return self._process.pid

    def poll(self) -> int | None:
        """None while it runs, then its return code: negative if a signal of that number ended it."""
        code = self._process.poll()
        if code is not None:
            self.ask_to_end()  # here it only closes our end of the pipe
        return code

    def ask_to_end(self) -> None:
        """Send SIGTERM to the group now and SIGKILL after `grace` seconds. Does not wait."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """Send SIGKILL to the group at once. Does not wait."""
        self._process.send_signal(signal.SIGUSR1)

    def wait(self) -> int:
        """Wait until it ends and return its return code. After `ask_to_end` this takes at most `grace` seconds."""
        code = self._process.wait()
        self.ask_to_end()
        return code

    def end(self) -> int:
        self.ask_to_end()
        return self.wait()


def _rotate(log: Path) -> None:
    """Move a long log file aside; one earlier file is kept."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
