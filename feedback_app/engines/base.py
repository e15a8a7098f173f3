"""The one protocol that every engine speaks."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from feedback_app.domain.comparison import Message, Sampling


class UnknownModel(LookupError):
    """No such model version; the message says which there are."""


class EngineUnavailable(RuntimeError):
    """The engine cannot answer now; the message says what to do. It never carries a prompt."""


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
    """`stops` are texts that end the reply, for engines that can end it there themselves; others write on, so whoever
    gives them cuts the reply too. With `limit_must_fit`, more new tokens than the model has room for are refused with
    LimitTooLarge; otherwise the reply is as long as there is room.
    """

    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    seed: int = 0
    stops: tuple[str, ...] = ()
    limit_must_fit: bool = False


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
        """Answer all requests in one batch, interleaved as they stream. Closing the generator stops generation.

        Raises UnknownModel, EngineUnavailable and PromptTooLong before it returns; while it streams, EngineUnavailable,
        and PromptTooLong before the first delta where a server finds out.
        """
        ...

    def models(self) -> list[str]:
        """Names of the versions that are loaded now."""
        ...

    def load(self, name: str) -> None:
        """Make a version answer without a first wait (publishing a checkpoint)."""
        ...

    def close(self) -> None: ...
