"""The replies of a request while they are generated: requests to the engine, stop texts, token counts."""

import secrets
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from feedback_app.api.openai.requests import ChatRequest
from feedback_app.domain.comparison import Message, Sampling
from feedback_app.engines.base import Delta, Engine, GenerationRequest

SEEDS = 2**31

Pieces = Generator[Delta, None, None]
"""Deltas of a batch, already cut at stop texts."""


@dataclass(slots=True)
class Written:
    """The replies of a batch so far: texts, finish reasons and token counts."""

    texts: list[str]
    finishes: list[str]
    new_tokens: list[int]
    prompt_tokens: int = 0

    @classmethod
    def nothing(cls, count: int) -> "Written":
        return cls([""] * count, ["stop"] * count, [0] * count)

    def add(self, piece: Delta) -> None:
        self.texts[piece.index] += piece.text
        self.finishes[piece.index] = piece.finish or self.finishes[piece.index]
        self.new_tokens[piece.index] = piece.new_tokens
        self.prompt_tokens = max(self.prompt_tokens, piece.prompt_tokens)

    def usage(self) -> dict[str, int]:
        """Counted as OpenAI does: the prompt once and every generated reply, chosen or not."""
        new = sum(self.new_tokens)
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": new,
            "total_tokens": self.prompt_tokens + new,
        }


def generation_requests(
    body: ChatRequest, version: str, prompt: tuple[Message, ...], default: Sampling
) -> list[GenerationRequest]:
    """One request per reply. Without a seed, every call samples anew."""
    first = secrets.randbelow(SEEDS) if body.seed is None else body.seed
    sampling, stops = body.sampling(default), stop_texts(body)
    return [
        GenerationRequest(
            version, prompt, sampling, (first + i) % SEEDS, stops=stops, limit_must_fit=body.limited
        )
        for i in range(max(body.n, body.best_of))
    ]


def stop_texts(body: ChatRequest) -> tuple[str, ...]:
    return tuple(stop for stop in body.stop if stop)


def pieces(engine: Engine, requests: Sequence[GenerationRequest]) -> Pieces:
    """The batch as it is generated. Errors that the engine raises at once are raised here."""
    return _until_stop(engine.generate(requests), len(requests), requests[0].stops)


def to_the_end(batch: Pieces, count: int) -> Written:
    """All replies, once they are complete."""
    written = Written.nothing(count)
    with closing(batch):
        for piece in batch:
            written.add(piece)
    return written


def _until_stop(deltas: Generator[Delta, None, None], count: int, stops: Sequence[str]) -> Pieces:
    """Each reply, cut before the first of `stops` in it. Text that may be the beginning of one is held back."""
    held, done = [""] * count, [False] * count
    margin = max(map(len, stops), default=1) - 1
    with closing(deltas):
        for delta in deltas:
            if done[delta.index]:
                continue
            text = held[delta.index] + delta.text
            stop_at = _first(text, stops)
            finish = "stop" if stop_at is not None else delta.finish
            sent = len(text) if finish else max(len(text) - margin, 0)
            sent = sent if stop_at is None else stop_at
            held[delta.index], done[delta.index] = text[sent:], finish is not None
            if sent or finish:
                yield replace(delta, text=text[:sent], finish=finish)
            if all(done):
                return


def _first(text: str, stops: Iterable[str]) -> int | None:
    """The position of the first stop text."""
    return min((at for stop in stops if (at := text.find(stop)) >= 0), default=None)
