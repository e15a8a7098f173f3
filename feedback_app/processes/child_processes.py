"""Child processes that cannot outlive us: start, end, and what they ended with. The workers use this as well."""

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
    """What to run. `env` is added to our own environment; `log` gets stdout and stderr; `grace` are the seconds
    between SIGTERM and SIGKILL; `nice` is added to our own niceness."""

    argv: Sequence[str]
    log: Path
    env: Mapping[str, str]
    grace: float = 10.0
    nice: int = 0


class Child:
    """A running command with its process group, on a leash (see `leash`)."""

    def __init__(self, command: Command, hold: Sequence[int] = ()) -> None:
        """Start it. The file descriptors `hold` stay open until the whole group has ended. Raises OSError."""
        command.log.parent.mkdir(parents=True, exist_ok=True)
        _turn_over(command.log)
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
        """The leash; the command itself is its only child."""
        return self._process.pid

    def poll(self) -> int | None:
        """None while it runs, then its return code; negative for the number of the signal that ended it."""
        code = self._process.poll()
        if code is not None:
            self.ask_to_end()  # only closes our end of the pipe now
        return code

    def ask_to_end(self) -> None:
        """SIGTERM to the group now, SIGKILL after the grace. Does not wait."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def kill(self) -> None:
        """SIGKILL to the group, without a grace. Does not wait."""
        self._process.send_signal(signal.SIGUSR1)

    def wait(self) -> int:
        """Wait for the end, which `ask_to_end` makes certain within the grace."""
        code = self._process.wait()
        self.ask_to_end()
        return code

    def end(self) -> int:
        self.ask_to_end()
        return self.wait()


def _turn_over(log: Path) -> None:
    """Keep one earlier log beside a long one."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
