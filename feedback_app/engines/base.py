"""The one protocol that every engine speaks."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from threading import Lock
from typing import Literal, Protocol

from feedback_app.domain.comparison import Message, Sampling
from feedback_app.errors import NotFound, Unavailable


class UnknownModel(NotFound, LookupError):
    """No such model version; the message says which there are."""


class EngineUnavailable(Unavailable, RuntimeError):
    """The engine cannot answer now; the message says what to do. It never carries a prompt."""


class EngineBusy(EngineUnavailable):
    """Too much waits for the engine, or this has waited too long. `status` is 429 where the client has too many requests
    waiting itself, and 503 where everybody together has. `retry_after`: seconds after which trying again makes sense."""

    def __init__(self, message: str, retry_after: int, status: Literal[429, 503] = 503) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status


class Priority(IntEnum):
    """Whose turn comes first. INTERACTIVE: a person looks at the page or the terminal. API: a program waits, or a person
    behind it. BACKGROUND: nobody waits yet."""

    INTERACTIVE = 0
    API = 1
    BACKGROUND = 2


class Asker:
    """Who waits for one call of the engine: decides when its turn comes, and whether anybody still wants the replies.
    Thread-safe.

    `client` names whose requests take turns with those of others: a remote address, a conversation.
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
        """Whether nobody wants the replies any more."""
        return self._left

    def leave(self) -> None:
        """Nobody waits any more: what waits leaves the queue, what is being written stops."""
        self._left = True
        self._tell()

    def hurry(self) -> None:
        """Somebody looks at it now."""
        self._priority = Priority.INTERACTIVE
        self._tell()

    def on_change(self, call: Callable[[], None]) -> None:
        """Have `call` called, from whichever thread, whenever the asker leaves or hurries; at once if it has left."""
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
    """Where the files of one version lie. `ct2_dir` is its merged CTranslate2 conversion, if there is one."""

    name: str
    base_dir: Path
    adapter_dir: Path | None = None
    ct2_dir: Path | None = None


Catalogue = Callable[[str], ModelVersion]
"""Gives the files of a version by name; raises UnknownModel."""


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """The requests of one call share their `asker`.

    `stops` are texts that end the reply, for engines that can end it there themselves; others write on, so whoever
    gives them cuts the reply too. With `limit_must_fit`, more new tokens than the model has room for are refused with
    LimitTooLarge; otherwise the reply is as long as there is room.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    seed: int = 0
    asker: Asker = field(default_factory=Asker, compare=False, repr=False)
    stops: tuple[str, ...] = ()
    limit_must_fit: bool = False


def asked_by(asker: Asker, requests: Sequence[GenerationRequest]) -> list[GenerationRequest]:
    """The same requests, of that asker."""
    return [replace(request, asker=asker) for request in requests]


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the reply to `requests[index]`; the last one of each request has `finish` set.

    `prompt_tokens` is what the model read, `new_tokens` what it has written of this reply so far, this piece included and
    the token that ends it left out.
    """

    index: int
    text: str
    finish: Literal["stop", "length"] | None = None
    prompt_tokens: int = field(default=0, compare=False)
    new_tokens: int = field(default=0, compare=False)


class Engine(Protocol):
    def generate(self, requests: Sequence[GenerationRequest]) -> Generator[Delta, None, None]:
        """Answer all requests in one batch, interleaved as they stream. Closing the generator stops generation, and an
        asker who leaves ends it early.

        Raises UnknownModel, EngineUnavailable, EngineBusy and PromptTooLong before it returns; while it streams,
        EngineUnavailable; before the first delta also EngineBusy, after too long a wait, and PromptTooLong where a server
        finds out.
        """
        ...

    def models(self) -> list[str]:
        """Names of the versions that are loaded now."""
        ...

    def load(self, name: str) -> None:
        """Make a version answer without a first wait (publishing a checkpoint)."""
        ...

    def close(self) -> None: ...
