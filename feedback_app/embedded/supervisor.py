"""Keeps the parts of a plan running: starts them in order, restarts failed ones, and stops them in reverse order."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from feedback_app.embedded.plan import Part
from feedback_app.embedded.valkey import answers
from feedback_app.errors import AppError
from feedback_app.processes.child_processes import Child

LONGEST_BACKOFF = 30.0
STEADY_SECONDS = 60.0
TICK = 0.2


class PartFailed(AppError, RuntimeError):
    """A needed part did not become ready. The message names its log file."""


@dataclass(slots=True)
class Running:
    """A part with its child process, which is None while it waits for its restart."""

    part: Part
    child: Child | None
    started: float
    failures: int = 0
    due: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Owns all child processes. `hold` holds descriptors that the leashes keep open; `print_line` prints one line."""

    print_line: Callable[[str], None]
    hold: Sequence[int] = ()
    running: list[Running] = field(default_factory=list)

    def start(self, part: Part) -> None:
        """Start a part. Raises OSError if the command cannot be run."""
        self.running.append(Running(part, Child(part.command, self.hold), time.monotonic()))

    def wait_ready(self, part: Part) -> float:
        """Wait until the part answers, without restarting it. Returns the seconds it took. Raises PartFailed."""
        started = next(running for running in self.running if running.part is part)
        while not ready(part):
            waited = time.monotonic() - started.started
            code = started.child.poll() if started.child else None
            if code is not None:
                raise PartFailed(f"{part.name} ended ({ending(code)}): {last_line(part)}")
            if waited > part.patience:
                raise PartFailed(f"{part.name} does not answer after {waited:.0f} s: see {part.command.log}")
            time.sleep(TICK)
        return time.monotonic() - started.started

    def watch(self) -> None:
        """Check every child once. A part that ended is restarted, after a longer pause each time it ends early."""
        now = time.monotonic()
        for running in self.running:
            if running.child is None:
                if now >= running.due:
                    running.child, running.started = Child(running.part.command, self.hold), now
            elif (code := running.child.poll()) is not None:
                self._schedule(running, code, now)

    def _schedule(self, running: Running, code: int, now: float) -> None:
        running.failures = 0 if now - running.started > STEADY_SECONDS else running.failures + 1
        wait = backoff(running.failures)
        running.child, running.due = None, now + wait
        log = running.part.command.log
        self.print_line(
            f"{running.part.name} ended ({ending(code)}); starting it again in {wait:.0f} s, see {log}"
        )

    def stop(self) -> None:
        """Stop all parts: first all but the first together, then the first, on which the others depend. If interrupted
        again, kill everything at once."""
        children = [running.child for running in self.running if running.child is not None]
        try:
            for child in reversed(children[1:]):
                child.ask_to_end()
            for child in reversed(children):
                child.end()
        except KeyboardInterrupt:
            for child in children:
                child.kill()
            for child in children:
                child.wait()
        self.running.clear()


def ready(part: Part) -> bool:
    """Whether the part answers."""
    if part.answers_at.startswith("redis"):
        return answers(part.answers_at)
    if not part.answers_at:
        return True
    try:
        return httpx.get(part.answers_at, timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def backoff(failures: int) -> float:
    """Seconds until the next start after that many early ends in a row: 1, 2, 4, … at most 30."""
    return min(2.0 ** max(failures - 1, 0), LONGEST_BACKOFF)


def ending(code: int) -> str:
    """How a process ended, for a message."""
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def last_line(part: Part) -> str:
    """The last line of a part's log and the log's path."""
    log = part.command.log
    text = log.read_text(encoding="utf-8", errors="replace")[-4000:] if log.exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{lines[-1][:300]} (see {log})" if lines else f"see {log}"
