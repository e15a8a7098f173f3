"""Replies that are being written: they go on in the background, whoever watches or leaves the page."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import structlog

from feedback_app.domain.comparison import InvalidPrompt
from feedback_app.engines.base import Delta, Engine, EngineUnavailable, GenerationRequest, UnknownModel
from feedback_app.services.best_of import NothingToChooseBy
from feedback_app.services.rewards import BrokenRewardModel

log = structlog.get_logger()


class GenerationFailed(RuntimeError):
    """The engine could not write the replies; the message says what to do and carries no text."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished reply. `finish` is None where it was stopped by the user."""

    text: str
    finish: Literal["stop", "length"] | None
    latency_ms: int


class Generation:
    """One batch on its way. Watch it from any number of threads; `stop` ends it early and keeps what is there."""

    def __init__(self, size: int) -> None:
        self._texts = [""] * size
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._version = 0
        self._ended = False
        self._error: str | None = None

    def stop(self) -> None:
        self._stopped.set()

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def size(self) -> int:
        """How many replies are written."""
        return len(self._texts)

    def watch(self) -> Iterator[tuple[str, ...]]:
        """All texts so far, each time they grow, and once more at the end. Raises GenerationFailed."""
        ended, seen = False, -1
        while not ended:
            with self._changed:
                while not self._ended and self._version == seen:
                    self._changed.wait()
                texts, seen, ended = tuple(map(str.lstrip, self._texts)), self._version, self._ended
            if ended and self._error is not None:
                raise GenerationFailed(self._error)
            yield texts

    def wait(self) -> tuple[str, ...]:
        """The finished texts. Raises GenerationFailed."""
        return list(self.watch())[-1]

    def write(self, engine: Engine, requests: Sequence[GenerationRequest]) -> list[Reply]:
        """Run the batch to its end or to `stop`."""
        began = monotonic()
        finishes: list[Literal["stop", "length"] | None] = [None] * len(requests)
        latencies = [0] * len(requests)
        with closing(engine.generate(requests)) as deltas:
            for delta in deltas:
                self._add(delta)
                finishes[delta.index] = delta.finish or finishes[delta.index]
                latencies[delta.index] = round((monotonic() - began) * 1000)
                if self._stopped.is_set():
                    break
        return [
            Reply(text.strip(), finish, ms)
            for text, finish, ms in zip(self._texts, finishes, latencies, strict=True)
        ]

    def _add(self, delta: Delta) -> None:
        with self._changed:
            self._texts[delta.index] += delta.text
            self._version += 1
            self._changed.notify_all()

    def end(self, error: str | None = None) -> None:
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()


class Generations:
    """The batches on their way, by a key (a comparison or conversation id)."""

    def __init__(self, engine: Engine, workers: int = 8) -> None:
        self._engine = engine
        self._running: dict[str, Generation] = {}
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
        keep: Callable[[list[Reply]], object],
        fail: Callable[[], object] = lambda: None,
    ) -> Generation:
        """Begin a batch, or give the one that already runs under `key`. Raises GenerationFailed after `close`.

        `keep` stores the finished replies before watchers are told of the end; `fail` is called instead on an error.
        """
        with self._lock:
            if self._closed:
                raise GenerationFailed("codeLynn is stopping: try again when it runs")
            if key in self._running:
                return self._running[key]
            generation = self._running[key] = Generation(len(requests))
        self._pool.submit(self._run, key, generation, requests, keep, fail)
        return generation

    def _run(
        self,
        key: str,
        generation: Generation,
        requests: Sequence[GenerationRequest],
        keep: Callable[[list[Reply]], object],
        fail: Callable[[], object],
    ) -> None:
        error: str | None = "the replies could not be written: see the service's log"
        try:
            keep(generation.write(self._engine, requests))
            error = None
        except (
            EngineUnavailable,
            InvalidPrompt,
            UnknownModel,
            NothingToChooseBy,
            BrokenRewardModel,
        ) as problem:
            error = str(problem)
        except Exception as problem:  # noqa: BLE001 - the thread's last line: watchers must hear of every end
            log.error("generation failed", key=key, error=type(problem).__name__)
        finally:
            if error is not None:
                fail()
            with self._lock:
                del self._running[key]
            generation.end(error)

    def close(self) -> None:
        """Stop all and wait until each has kept what it wrote."""
        with self._lock:
            self._closed = True
            running = list(self._running.values())
        for generation in running:
            generation.stop()
        self._pool.shutdown(wait=True)
