"""The replies that are being written in background threads. They continue when a reader leaves the page."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import structlog

from feedback_app.domain.comparison import InvalidPrompt, PromptTooLong
from feedback_app.engines.base import (
    Caller,
    Engine,
    EngineBusy,
    EngineUnavailable,
    GenerationRequest,
    Priority,
    UnknownModel,
)
from feedback_app.services.generation.batch import (
    GeneratedReply,
    Generation,
    GenerationFailed,
    RepliesToRedraw,
)
from feedback_app.services.generation.best_of import NothingToChooseBy
from feedback_app.services.reward.reward_models import RewardModelUnavailable

log = structlog.get_logger()
KEPT_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """Why replies could not be written, with what to do. `kind`: the engine does not answer, the prompt is too long for
    the model, or anything else."""

    kind: Literal["engine", "too_long", "other"]
    text: str


def problem_of(error: Exception) -> Problem:
    """What a page can tell of it."""
    match error:
        case EngineBusy():
            return Problem("other", str(error))
        case EngineUnavailable():
            return Problem("engine", str(error))
        case PromptTooLong():
            return Problem("too_long", str(error))
        case _:
            return Problem("other", str(error))


class Generations:
    """The batches on their way, by a key (a comparison or conversation id)."""

    def __init__(self, engine: Engine, workers: int = 128) -> None:
        """`workers`: threads that write or wait for the engine, which bounds what waits: enough for all of it."""
        self._engine = engine
        self._running: dict[str, Generation] = {}
        self._problems: deque[tuple[str, Problem]] = deque(maxlen=KEPT_PROBLEMS)
        self._away = False
        self._lock = threading.Lock()
        self._closed = False
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="generation")

    def find(self, key: str) -> Generation | None:
        with self._lock:
            return self._running.get(key)

    def start(
        self,
        key: str,
        requests: Sequence[GenerationRequest],
        keep: Callable[[list[GeneratedReply]], object],
        fail: Callable[[], object] = lambda: None,
        background: bool = False,
        useless: RepliesToRedraw | None = None,
        caller: Caller | None = None,
    ) -> Generation:
        """Begin a batch, or give the one that already runs under `key`. Raises GenerationFailed after `close`.

        `caller`: who waits for it; without one, somebody at the page does.

        `keep` stores the finished replies before watchers are told of the end; `fail` is called instead on an error.
        A batch that is not `background` stops those that are, and is one from then on itself. `useless`: what is
        written once more.
        """
        with self._lock:
            if self._closed:
                raise GenerationFailed("codeLynn is stopping: try again when it runs")
            if not background:
                self._make_room(key)
            if key in self._running:
                return self._running[key]
            caller = caller or Caller(key, Priority.BACKGROUND if background else Priority.INTERACTIVE)
            generation = self._running[key] = Generation(len(requests), caller)
            self._problems = deque((old for old in self._problems if old[0] != key), KEPT_PROBLEMS)
        write = partial(generation.write, self._engine, requests)
        if useless is not None:
            write = partial(generation.write_redrawing, self._engine, requests, useless)
        self._pool.submit(self._run, key, generation, write, keep, fail)
        return generation

    def busy(self) -> bool:
        """Whether anybody waits for replies, or some are written ahead."""
        with self._lock:
            return bool(self._running)

    def problem(self, key: str) -> Problem | None:
        """Why the last batch of that key failed, as far as it is remembered; None where it is not known, or all is well."""
        with self._lock:
            return dict(self._problems).get(key)

    @property
    def away(self) -> bool:
        """Whether the engine did not answer when it was asked last."""
        return self._away

    def answers(self, models: Iterable[str]) -> bool:
        """Whether the engine can write with these versions now; it loads them where it has not."""
        try:
            for name in models:
                self._engine.load(name)
        except (EngineUnavailable, UnknownModel):
            return False
        self._away = False
        return True

    def _make_room(self, key: str) -> None:
        for name, running in self._running.items():
            waited_for = running.caller.priority != Priority.BACKGROUND
            if name == key and not waited_for:
                running.caller.hurry()
            elif not waited_for:
                running.stop()

    def _run(
        self,
        key: str,
        generation: Generation,
        write: Callable[[], list[GeneratedReply]],
        keep: Callable[[list[GeneratedReply]], object],
        fail: Callable[[], object],
    ) -> None:
        failed: Problem | None = Problem("other", "the replies could not be written: see the service's log")
        busy: EngineBusy | None = None
        try:
            keep(write())
            failed = None
        except (
            EngineUnavailable,
            InvalidPrompt,
            UnknownModel,
            NothingToChooseBy,
            RewardModelUnavailable,
            GenerationFailed,
        ) as problem:
            failed = problem_of(problem)
            busy = problem if isinstance(problem, EngineBusy) else None
        except Exception as problem:  # noqa: BLE001 - the thread's last line: watchers must hear of every end
            log.error("generation failed", key=key, error=type(problem).__name__)
        finally:
            if failed is not None:
                fail()
            with self._lock:
                del self._running[key]
                self._away = failed is not None and failed.kind == "engine"
                if failed is not None:
                    self._problems.append((key, failed))
            generation.end(failed.text if failed else None, busy)

    def close(self) -> None:
        """Stop all and wait until each has kept what it wrote."""
        with self._lock:
            self._closed = True
            running = list(self._running.values())
        for generation in running:
            generation.stop()
        self._pool.shutdown(wait=True)
