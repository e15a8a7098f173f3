"""The protocol that every engine implements, with its requests, replies and errors."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from threading import Lock
from typing import Literal, Protocol

from feedback_app.domain.comparison import Message, Sampling
from feedback_app.errors import NotFound, Unavailable


class UnknownModel(NotFound, LookupError):
    """Unknown model version. The message lists the known ones."""


class EngineUnavailable(Unavailable, RuntimeError):
    """The engine cannot answer now. The message says what to do and never contains a prompt."""


class EngineBusy(EngineUnavailable):
    """Too many requests wait for the engine, or this one has waited too long.

    `status` is 429 if this client has too many waiting requests and 503 if all clients together have. `retry_after` is the
    number of seconds after which to try again.
    """

    def __init__(self, message: str, retry_after: int, status: Literal[429, 503] = 503) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status


class Priority(IntEnum):
    """Which requests go first. INTERACTIVE: a person waits at a page or a terminal. API: a program waits. BACKGROUND: nobody
    waits yet."""

    INTERACTIVE = 0
    API = 1
    BACKGROUND = 2


class Caller:
    """Who waits for one call of the engine: its priority, its client, and whether the replies are still wanted. Thread-safe.

    `client` identifies whose requests share the engine fairly with others: a remote address or a conversation.
    """

    def __init__(self, client: str = "", priority: Priority = Priority.API) -> None:
        self.client = client
        self._priority = priority
        self._left = False
        self._watchers: list[Callable[[], None]] = []
        self._lock = Lock()

    @property
    def priority(self) -> Priority:
        return self._priority

    @property
    def left(self) -> bool:
        """Whether the replies are no longer wanted."""
        return self._left

    def leave(self) -> None:
        """Cancel the call: waiting requests leave the queue, and running ones stop."""
        self._left = True
        self._tell()

    def hurry(self) -> None:
        """Raise the priority to INTERACTIVE, because a person waits now."""
        self._priority = Priority.INTERACTIVE
        self._tell()

    def on_change(self, call: Callable[[], None]) -> None:
        """Register `call` to be called, from any thread, on `leave` and `hurry`; at once if the caller has left already."""
        with self._lock:
            self._watchers.append(call)
        if self._left:
            call()

    def _tell(self) -> None:
        with self._lock:
            watchers = list(self._watchers)
        for call in watchers:
            call()


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """The folders of one version. `ct2_dir` is its merged CTranslate2 conversion, if there is one."""

    name: str
    base_dir: Path
    adapter_dir: Path | None = None
    ct2_dir: Path | None = None


Catalogue = Callable[[str], ModelVersion]
"""Looks up the files of a version by name; raises UnknownModel."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One reply to generate. The requests of one call share their `caller`.

    `stops` are texts that end the reply. Not every engine supports them, so the caller also cuts the reply. With
    `limit_must_fit`, asking for more new tokens than fit raises LimitTooLarge; otherwise the reply is shortened.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    seed: int = 0
    caller: Caller = field(default_factory=Caller, compare=False, repr=False)
    stops: tuple[str, ...] = ()
    limit_must_fit: bool = False


def with_caller(caller: Caller, requests: Sequence[GenerationRequest]) -> list[GenerationRequest]:
    """The same requests with that caller."""
    return [replace(request, caller=caller) for request in requests]


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the reply to `requests[index]`. The last piece of each reply has `finish` set.

    `prompt_tokens` counts the tokens that the model read. `new_tokens` counts those written so far, including this piece
    and without the end token.
    """

    index: int
    text: str
    finish: Literal["stop", "length"] | None = None
    prompt_tokens: int = field(default=0, compare=False)
    new_tokens: int = field(default=0, compare=False)


class Engine(Protocol):
    def generate(self, requests: Sequence[GenerationRequest]) -> Generator[Delta, None, None]:
        """Generate all replies in one batch and yield their pieces interleaved. Closing the generator stops generation;
        so does `Caller.leave`.

        Raises UnknownModel, EngineUnavailable, EngineBusy and PromptTooLong before it returns. While iterating it raises
        EngineUnavailable, and before the first piece also EngineBusy (after waiting too long) and PromptTooLong (if a
        server detects it).
        """
        ...

    def models(self) -> list[str]:
        """The names of the loaded versions."""
        ...

    def load(self, name: str) -> None:
        """Load a version in advance, for example when a checkpoint is published."""
        ...

    def close(self) -> None: ...
