"""One batch of replies while it is being written, with any number of watchers."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from time import monotonic
from typing import Literal

from feedback_app.domain.text_rules import repaired
from feedback_app.engines.base import Caller, Delta, Engine, EngineBusy, GenerationRequest, with_caller
from feedback_app.errors import Unavailable

ANEW = 3
"""How often replies that came out of no use are written once more."""


class GenerationFailed(Unavailable, RuntimeError):
    """The engine could not write the replies; the message says what to do and carries no text. With `busy` the engine had too many
    requests: status and time to retry are those of that error."""

    def __init__(self, message: str, busy: EngineBusy | None = None) -> None:
        super().__init__(message)
        if busy:
            self.status, self.retry_after = busy.status, busy.retry_after


@dataclass(frozen=True, slots=True)
class GeneratedReply:
    """A finished reply. `finish` is None where it was stopped; `seed` is set where it was drawn anew, with that one."""

    text: str
    finish: Literal["stop", "length"] | None
    latency_ms: int
    seed: int | None = None


def repeated_replies(replies: Sequence[GeneratedReply]) -> list[int]:
    """Which replies, by index, say what an earlier one says."""
    texts = [reply.text for reply in replies]
    return [i for i, text in enumerate(texts) if text in texts[:i]]


def empty_replies(replies: Sequence[GeneratedReply]) -> list[int]:
    """Which replies, by index, came out empty."""
    return [i for i, reply in enumerate(replies) if not reply.text]


RepliesToRedraw = Callable[[Sequence[GeneratedReply]], list[int]]
"""Which replies of a batch, by index, are to be written once more: `repeated_replies`, `empty_replies`."""


class Generation:
    """One batch on its way. Watch it from any number of threads; `stop` ends it early and keeps what is there.

    `caller`: who waits for it. A batch of BACKGROUND priority makes room for any batch that somebody waits for.
    """

    def __init__(self, size: int, caller: Caller | None = None) -> None:
        self.caller = caller or Caller()
        self._texts = [""] * size
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._version = 0
        self._ended = False
        self._error: str | None = None
        self._busy: EngineBusy | None = None

    def stop(self) -> None:
        self._stopped.set()
        self.caller.leave()

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
                texts, seen, ended = self.texts(), self._version, self._ended
            if ended and self._error is not None:
                raise GenerationFailed(self._error, self._busy)
            yield texts

    def texts(self) -> tuple[str, ...]:
        """All texts so far."""
        with self._changed:
            return tuple(repaired(text).lstrip() for text in self._texts)

    def wait(self) -> tuple[str, ...]:
        """The finished texts. Raises GenerationFailed."""
        return list(self.watch())[-1]

    def write(self, engine: Engine, requests: Sequence[GenerationRequest]) -> list[GeneratedReply]:
        """Run the batch to its end or to `stop`."""
        began = monotonic()
        finishes: list[Literal["stop", "length"] | None] = [None] * len(requests)
        latencies = [0] * len(requests)
        with closing(engine.generate(with_caller(self.caller, requests))) as deltas:
            for delta in deltas:
                self._add(delta)
                finishes[delta.index] = delta.finish or finishes[delta.index]
                latencies[delta.index] = round((monotonic() - began) * 1000)
                if self._stopped.is_set():
                    break
        return [
            GeneratedReply(repaired(text).strip(), finish, ms)
            for text, finish, ms in zip(self._texts, finishes, latencies, strict=True)
        ]

    def write_redrawing(
        self, engine: Engine, requests: Sequence[GenerationRequest], useless: RepliesToRedraw
    ) -> list[GeneratedReply]:
        """Run the batch; what is useless is drawn anew, with other seeds. Some may be left at the end."""
        replies = self.write(engine, requests)
        for turn in range(1, ANEW + 1):
            poor = [i for i in useless(replies) if requests[i].sampling.temperature > 0]
            if not poor or self._stopped.is_set():
                break
            again = [replace(requests[i], seed=requests[i].seed + turn * len(requests)) for i in poor]
            fresh = Generation(len(again), self.caller).write(engine, again)
            for i, request, reply in zip(poor, again, fresh, strict=True):
                replies[i] = replace(reply, seed=request.seed)
        return replies

    def _add(self, delta: Delta) -> None:
        with self._changed:
            self._texts[delta.index] += delta.text
            self._version += 1
            self._changed.notify_all()

    def end(self, error: str | None = None, busy: EngineBusy | None = None) -> None:
        with self._changed:
            self._ended, self._error, self._busy = True, error, busy
            self._changed.notify_all()
