"""The progress of a round: the trainer appends events to `events.jsonl`, the worker reads them while it runs."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from alignment.contract.files import finite

EVENTS_FILE = "events.jsonl"


@dataclass(frozen=True, slots=True)
class RoundEvent:
    """One line of `events.jsonl`. `seq` counts from 1 within the round. `step` of `total` counts within `stage`; `percent` (0 to 100)
    and `seconds_left` are for the whole round, None while they are not known. `metrics` are numbers; what is not a number is left out."""

    seq: int
    stage: str
    step: int
    total: int
    metrics: dict[str, float]
    at: datetime
    message: str = ""
    percent: float = 0.0
    seconds_left: float | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "RoundEvent":
        """Unknown fields are ignored. Raises KeyError, ValueError."""
        known = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        metrics = {name: value for name, value in record["metrics"].items() if value is not None}
        return cls(**{**known, "metrics": metrics, "at": datetime.fromisoformat(record["at"])})

    def record(self) -> dict[str, Any]:
        """As JSON, where NaN and infinity become null."""
        metrics = {name: finite(value) for name, value in self.metrics.items()}
        return {**asdict(self), "metrics": metrics, "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Plan:
    """The expected seconds of each stage, in order. Only their proportions matter: the pace is measured during the round."""

    seconds: Mapping[str, float]

    def done(self, stage: str, fraction: float) -> float:
        """Share of the whole round that is done (0 to 1) when `fraction` of `stage` is done."""
        before = 0.0
        for name, seconds in self.seconds.items():
            if name == stage:
                before += seconds * min(max(fraction, 0.0), 1.0)
                break
            before += seconds
        return before / sum(self.seconds.values())


class Events(Protocol):
    """Receives the progress of a training."""

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
    """The trainer's side: appends events. `seq` continues where an earlier attempt stopped. `expected`: how many seconds the
    whole round may take, which says how many are left while the pace is not known."""

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        clock: Callable[[], float] = time.monotonic,
        expected: float | None = None,
    ) -> None:
        self._path = folder / EVENTS_FILE
        self._plan = plan
        self._expected = expected
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
        """Append one event. `fraction` is the share of the stage that is done; by default `step / total`."""
        done = self._plan.done(stage, step / max(total, 1) if fraction is None else fraction)
        self._seq += 1
        self._percent = max(self._percent, round(100 * done, 2))
        event = RoundEvent(
            seq=self._seq,
            stage=stage,
            step=step,
            total=total,
            metrics={name: float(value) for name, value in (metrics or {}).items()},
            at=datetime.now(UTC),
            message=message,
            percent=self._percent,
            seconds_left=self._seconds_left(done),
        )
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(event.record(), allow_nan=False) + "\n")

    def _seconds_left(self, done: float) -> float | None:
        """An estimate from the pace since the first event of this attempt, or from the time expected until that is known."""
        now = self._clock()
        if self._started is None:
            self._started = (now, done)
        since, done_then = self._started
        if done - done_then < 0.01 or now <= since:
            return None if self._expected is None else round((1 - done) * self._expected, 1)
        return round((1 - done) * (now - since) / (done - done_then), 1)


def _resume_point(path: Path) -> tuple[int, float]:
    """Last `seq` and `percent`. A line that a crash left incomplete is removed, so that the next one starts on a new line."""
    if not path.exists():
        return 0, 0.0
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        path.write_bytes(whole)
    lines = whole.splitlines()
    if not lines:
        return 0, 0.0
    last = RoundEvent.from_record(json.loads(lines[-1]))
    return last.seq, last.percent


class EventTail:
    """The worker's side: gives each event once, in order. A line that is still being written is read later."""

    def __init__(self, folder: Path, after: int) -> None:
        """Skip the events up to number `after`."""
        self._file = folder / EVENTS_FILE
        self._after = after
        self._offset = 0

    def fresh(self) -> Iterator[RoundEvent]:
        """The events since the last call. An event counts as read when the next one is requested, so one that could not be stored is
        given again."""
        if not self._file.exists():
            return
        with self._file.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                event = RoundEvent.from_record(json.loads(line))
                if event.seq > self._after:
                    yield event
                    self._after = event.seq
                self._offset += len(line)
