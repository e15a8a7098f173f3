"""Keeps the parts of a plan running: starts them in order, starts again what dies, ends them in reverse order."""

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
    """A part that is needed did not become ready; the message names its log."""


@dataclass(slots=True)
class Running:
    """A part with its child process (None while it waits to be started again)."""

    part: Part
    child: Child | None
    started: float
    failures: int = 0
    due: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Owns all children. `hold` are descriptors that leashes keep open; `say` prints one line."""

    say: Callable[[str], None]
    hold: Sequence[int] = ()
    running: list[Running] = field(default_factory=list)

    def start(self, part: Part) -> None:
        """Raises OSError where the command cannot be run."""
        self.running.append(Running(part, Child(part.command, self.hold), time.monotonic()))

    def wait_ready(self, part: Part) -> float:
        """Wait until the part answers, restarting nothing; the seconds it took. Raises PartFailed."""
        found = next(running for running in self.running if running.part is part)
        while not ready(part):
            waited = time.monotonic() - found.started
            code = found.child.poll() if found.child else None
            if code is not None:
                raise PartFailed(f"{part.name} ended ({ending(code)}): {last_line(part)}")
            if waited > part.patience:
                raise PartFailed(f"{part.name} does not answer after {waited:.0f} s: see {part.command.log}")
            time.sleep(TICK)
        return time.monotonic() - found.started

    def watch(self) -> None:
        """One look at every child: what died is started again, later each time it dies early."""
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
        self.say(f"{running.part.name} ended ({ending(code)}); starting it again in {wait:.0f} s, see {log}")

    def stop(self) -> None:
        """End every part: all but the first together, then the first, on which the others lean. Interrupted once
        more, everything is killed at once."""
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
    """Whether the part answers now."""
    if part.answers_at.startswith("redis"):
        return answers(part.answers_at)
    if not part.answers_at:
        return True
    try:
        return httpx.get(part.answers_at, timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def backoff(failures: int) -> float:
    """Seconds until the next start after so many early deaths in a row: 1, 2, 4, … at most 30."""
    return min(2.0 ** max(failures - 1, 0), LONGEST_BACKOFF)


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def last_line(part: Part) -> str:
    """The last thing a part said, and where the rest is."""
    log = part.command.log
    text = log.read_text(encoding="utf-8", errors="replace")[-4000:] if log.exists() else ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{lines[-1][:300]} (see {log})" if lines else f"see {log}"
