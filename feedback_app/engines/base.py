"""The one protocol that every engine speaks."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
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
    model: str
    messages: tuple[Message, ...]
    sampling: Sampling
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the reply to `requests[index]`; the last one of each request has `finish` set."""

    index: int
    text: str
    finish: Literal["stop", "length"] | None = None


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
