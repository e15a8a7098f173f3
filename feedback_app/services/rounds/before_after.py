"""Replies of the versions before and after a round to the owner's own prompts."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import structlog

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Message, Sampling
from feedback_app.domain.preference import prompt_key, split_of
from feedback_app.domain.round import Checkpoint
from feedback_app.engines.base import GenerationRequest
from feedback_app.errors import Conflict
from feedback_app.services.generation.background import Generations
from feedback_app.services.generation.batch import GenerationFailed
from feedback_app.store import CheckpointNotFound, ComparisonNotFound, Store

log = structlog.get_logger()

PROMPTS, HELDOUT, LOOK_BACK = 5, 3, 200
"""Prompts that are shown, how many of them are held-out ones where there are so many, and how many rankings are looked through."""
SEED = 1
PAUSE = 0.5
"""Seconds between two looks whether the engine is free."""
KEPT = 8
"""Rounds whose replies are remembered while the service runs."""
State = Literal["none", "running", "done", "stopped", "failed"]


class NothingToCompare(Conflict, ValueError):
    """A round without a version, or no prompt to ask; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The replies of both versions to one prompt; empty while they are not written. `heldout`: no round trains on it."""

    comparison_id: str
    prompt: tuple[Message, ...]
    heldout: bool
    before: str = ""
    after: str = ""

    @property
    def written(self) -> bool:
        return bool(self.before or self.after)


@dataclass(frozen=True, slots=True)
class BeforeAfterView:
    """`before` and `after` are version names; `problem` says what to do where replies could not be written."""

    round_id: str
    before: str
    after: str
    shown: tuple[Shown, ...] = ()
    state: State = "none"
    problem: str = ""

    @property
    def written(self) -> int:
        """How many prompts are answered by both."""
        return sum(shown.written for shown in self.shown)


@dataclass(slots=True)
class _Job:
    view: BeforeAfterView
    stopping: threading.Event = field(default_factory=threading.Event)


class BeforeAfter:
    """Replies are written in the background and remembered in memory alone. A prompt that was deleted meanwhile is not shown."""

    def __init__(
        self,
        store: Store,
        generations: Generations,
        sampling: Callable[[], Sampling],
        heldout_fraction: float,
    ) -> None:
        self._store = store
        self._generations = generations
        self._sampling = sampling
        self._fraction = heldout_fraction
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()

    def of(self, round_id: str) -> BeforeAfterView | None:
        """As far as it is written; None where the round made no version. Raises RoundNotFound."""
        job = self._jobs.get(round_id)
        if job is None:
            return self._begin(round_id)
        kept = tuple(shown for shown in job.view.shown if self._exists(shown.comparison_id))
        return replace(job.view, shown=kept)

    def start(self, round_id: str) -> BeforeAfterView:
        """Begin to write, or go on where it stopped. Raises NothingToCompare, RoundNotFound."""
        view = self.of(round_id)
        if view is None:
            raise NothingToCompare("this round made no version: there is nothing to compare")
        if not view.shown and not (prompts := self._prompts()):
            raise NothingToCompare("there is no ranked prompt to try: rank a few replies in the arena first")
        with self._lock:
            old = self._jobs.get(round_id)
            if view.state == "done" or (view.state == "running" and old and not old.stopping.is_set()):
                return view
            self._stop_others(round_id)
            job = _Job(replace(view, state="running", problem="", shown=view.shown or prompts))
            self._jobs[round_id] = job
        threading.Thread(target=self._run, args=(job,), name="before-after", daemon=True).start()
        return job.view

    def cancel(self, round_id: str) -> None:
        """Stop writing; what is written stays."""
        if job := self._jobs.get(round_id):
            job.stopping.set()
            if generation := self._generations.find(_key(job)):
                generation.stop()

    def close(self) -> None:
        for round_id in list(self._jobs):
            self.cancel(round_id)

    def _begin(self, round_id: str) -> BeforeAfterView | None:
        name = self._store.rounds.get(round_id).checkpoint
        try:
            made = self._store.checkpoints.get(name) if name else None
        except CheckpointNotFound:
            return None
        if made is None:
            return None
        return BeforeAfterView(round_id, version_before(made, self._store.checkpoints.list()), made.name)

    def _stop_others(self, round_id: str) -> None:
        for name in [name for name in self._jobs if name != round_id]:
            self.cancel(name)
        while len(self._jobs) >= KEPT:
            del self._jobs[next(iter(self._jobs))]

    def _prompts(self) -> tuple[Shown, ...]:
        page = self._store.comparisons.page(ComparisonStatus.ranked, None, LOOK_BACK)
        return chosen(page.items, self._fraction)

    def _exists(self, comparison_id: str) -> bool:
        try:
            self._store.comparisons.get(comparison_id)
        except ComparisonNotFound:
            return False
        return True

    def _run(self, job: _Job) -> None:
        """Prompt after prompt, each when nobody waits for the engine."""
        try:
            for number, shown in enumerate(job.view.shown):
                if not shown.written and not self._write(job, number):
                    job.view = replace(job.view, state="stopped")
                    return
            job.view = replace(job.view, state="done")
        except GenerationFailed as problem:
            job.view = replace(job.view, state="failed", problem=str(problem))
        except Exception as error:  # noqa: BLE001 - the thread's last line: the page must hear of every end
            log.error("before and after failed", error=type(error).__name__)
            job.view = replace(
                job.view, state="failed", problem="the replies could not be written: try again"
            )

    def _write(self, job: _Job, number: int) -> bool:
        """Both replies to one prompt. False where it was cancelled; what others push aside is tried again. Raises GenerationFailed."""
        shown, sampling = job.view.shown[number], self._sampling()
        requests = [
            GenerationRequest(model, shown.prompt, sampling, SEED)
            for model in (job.view.before, job.view.after)
        ]
        while not job.stopping.is_set():
            if self._generations.busy():
                job.stopping.wait(PAUSE)
                continue
            whole: list[bool] = []
            begun = self._generations.start(
                _key(job),
                requests,
                keep=lambda replies: whole.append(all(reply.finish for reply in replies)),  # noqa: B023
                background=True,
            )
            before, after = begun.wait()
            if whole == [True]:
                now = replace(shown, before=before, after=after)
                every = list(job.view.shown)
                every[number] = now
                job.view = replace(job.view, shown=tuple(every))
                return True
        return False


def _key(job: _Job) -> str:
    return f"before-after-{job.view.round_id}"


def version_before(made: Checkpoint, known: Sequence[Checkpoint]) -> str:
    """The version that was in use when this one was made: the newest before it that passed, else `base`."""
    older = [item for item in known if item.passed and item.created_at < made.created_at]
    return max(older, key=lambda item: item.created_at).name if older else "base"


def chosen(ranked: Sequence[Comparison], heldout_fraction: float) -> tuple[Shown, ...]:
    """A handful of the owner's prompts, newest first: held-out ones, which no round trains on, then others. Imported ones only
    where there are too few."""
    known: dict[str, Shown] = {}
    for comparison in sorted(ranked, key=lambda item: item.source.startswith("import")):
        heldout = split_of(comparison.messages, heldout_fraction) == "heldout"
        known.setdefault(prompt_key(comparison.messages), Shown(comparison.id, comparison.messages, heldout))
    held = [shown for shown in known.values() if shown.heldout][:HELDOUT]
    others = [shown for shown in known.values() if not shown.heldout][: PROMPTS - len(held)]
    return (*held, *others)
