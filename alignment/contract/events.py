"""`events.jsonl`: how far a round is, one line per step, appended and never rewritten."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from alignment.contract.files import finite

EVENTS_FILE = "events.jsonl"


@dataclass(frozen=True, slots=True)
class Plan:
    """The expected seconds of each stage, in order. Only their proportions matter: the pace is measured as it goes."""

    seconds: Mapping[str, float]

    def done(self, stage: str, fraction: float) -> float:
        """Share of the whole round that is done (0 to 1) when `fraction` of `stage` is."""
        before = 0.0
        for name, seconds in self.seconds.items():
            if name == stage:
                before += seconds * min(max(fraction, 0.0), 1.0)
                break
            before += seconds
        return before / sum(self.seconds.values())


class Events(Protocol):
    """Where a training tells how far it is."""

    def emit(
        self,
        stage: str,
        step: int,
        total: int,
        metrics: Mapping[str, float] | None = None,
        message: str = "",
        fraction: float | None = None,
    ) -> None: ...


class EventLog:
    """Appends events; `seq` goes on where an earlier attempt stopped."""

    def __init__(self, folder: Path, plan: Plan, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = folder / EVENTS_FILE
        self._plan = plan
        self._clock = clock
        self._seq, self._percent = _resume_point(self._path)
        self._started: tuple[float, float] | None = None

    def emit(
        self,
        stage: str,
        step: int,
        total: int,
        metrics: Mapping[str, float] | None = None,
        message: str = "",
        fraction: float | None = None,
    ) -> None:
        """Append one event. `step` of `total` counts within `stage`; `fraction` is given where steps differ in length."""
        done = self._plan.done(stage, step / max(total, 1) if fraction is None else fraction)
        self._seq += 1
        self._percent = max(self._percent, round(100 * done, 2))
        line = {
            "seq": self._seq,
            "stage": stage,
            "step": step,
            "total": total,
            "percent": self._percent,
            "seconds_left": self._seconds_left(done),
            "metrics": {name: finite(float(value)) for name, value in (metrics or {}).items()},
            "at": datetime.now(UTC).isoformat(),
            "message": message,
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")

    def _seconds_left(self, done: float) -> float | None:
        """What is left, at the pace since the first event of this attempt. None until there is a pace."""
        now = self._clock()
        if self._started is None:
            self._started = (now, done)
        since, done_then = self._started
        if done - done_then < 0.01 or now <= since:
            return None
        return round((1 - done) * (now - since) / (done - done_then), 1)


def _resume_point(path: Path) -> tuple[int, float]:
    """Last `seq` and `percent`. A line torn by a crash is cut off, so that the next one starts clean."""
    if not path.exists():
        return 0, 0.0
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        path.write_bytes(whole)
    lines = whole.splitlines()
    if not lines:
        return 0, 0.0
    last = json.loads(lines[-1])
    return int(last["seq"]), float(last["percent"])
