"""Shorthand for asking an engine."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback_app.domain.comparison import Message, Sampling
from feedback_app.engines.base import Delta, Engine, GenerationRequest


@dataclass(frozen=True)
class Answer:
    text: str
    finish: str | None
    pieces: int
    prompt_tokens: int = 0
    new_tokens: int = 0


def ask(content: str, model: str = "base", seed: int = 0, **sampling: float) -> GenerationRequest:
    """A request of one user turn; greedy unless told otherwise."""
    settings = Sampling(**{"temperature": 0.0, "max_new_tokens": 40, **sampling})  # type: ignore[arg-type]
    return GenerationRequest(model, (Message("user", content),), settings, seed)


def answers(engine: Engine, *requests: GenerationRequest) -> list[Answer]:
    deltas = list(engine.generate(requests))
    return [collected([delta for delta in deltas if delta.index == index]) for index in range(len(requests))]


def collected(deltas: Sequence[Delta]) -> Answer:
    assert [delta.finish for delta in deltas[:-1]] == [None] * (len(deltas) - 1), (
        "only the last delta ends a reply"
    )
    assert [delta.new_tokens for delta in deltas] == sorted(delta.new_tokens for delta in deltas)
    last = deltas[-1]
    text = "".join(delta.text for delta in deltas)
    return Answer(text, last.finish, len(deltas), last.prompt_tokens, last.new_tokens)
