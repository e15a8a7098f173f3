"""Streamed answers: server-sent chunks that always end with `[DONE]`."""

import json
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from feedback_app.api.openai.answers import best_completion
from feedback_app.api.openai.errors import refusal
from feedback_app.api.openai.writing import Pieces, Written
from feedback_app.domain.comparison import Message
from feedback_app.services.generation.best_of import BestOf

BEAT_SECONDS = 1.0
"""How often a stream sends a comment while candidates are generated. Without it a disconnect would go unnoticed."""

Lines = Generator[str, None, None]


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks of one answer. With `usage` the last one has the token counts, all others null."""

    head: Mapping[str, Any]
    usage: bool

    def piece(self, index: int, delta: Mapping[str, Any], finish: str | None = None) -> str:
        choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}
        return self._chunk([choice])

    def beginning(self, count: int) -> Lines:
        for i in range(count):
            yield self.piece(i, {"role": "assistant", "content": "", "refusal": None})

    def end(self, written: Written) -> Lines:
        if self.usage:
            yield self._chunk([], written.usage())

    def _chunk(self, choices: list[dict[str, Any]], usage: Mapping[str, int] | None = None) -> str:
        counts = {"usage": usage} if self.usage else {}
        return _event({**self.head, "object": "chat.completion.chunk", "choices": choices, **counts})


def stream(pieces: Pieces, count: int, chunks: Chunks) -> Lines:
    """Every reply as it is generated."""
    return _ended(_replies(pieces, count, chunks))


def stream_best(pieces: Pieces, count: int, chunks: Chunks, prompt: Sequence[Message], best: BestOf) -> Lines:
    """Comments while the candidates are generated, then the chosen one at once."""
    return _ended(_chosen(pieces, count, chunks, prompt, best))


def _ended(lines: Lines) -> Lines:
    """The lines. An error becomes a chunk that clients raise."""
    try:
        yield from lines
    except Exception as problem:  # noqa: BLE001 - the status is already sent
        yield _event(refusal(problem).body)
    yield "data: [DONE]\n\n"


def _replies(pieces: Pieces, count: int, chunks: Chunks) -> Lines:
    written = Written.nothing(count)
    with closing(pieces):
        yield from chunks.beginning(count)
        for piece in pieces:
            written.add(piece)
            if piece.text:
                yield chunks.piece(piece.index, {"content": piece.text})
            if piece.finish:
                yield chunks.piece(piece.index, {}, piece.finish)
    yield from chunks.end(written)


def _chosen(pieces: Pieces, count: int, chunks: Chunks, prompt: Sequence[Message], best: BestOf) -> Lines:
    written, due = Written.nothing(count), 0.0
    with closing(pieces):
        yield from chunks.beginning(1)
        for piece in pieces:
            written.add(piece)
            if (now := time.monotonic()) >= due:
                due = now + BEAT_SECONDS
                yield f": writing {count} replies\n\n"
    answer = best_completion(chunks.head, written, prompt, best)
    (choice,) = answer["choices"]
    final = Chunks({**chunks.head, "best_of": answer["best_of"]}, chunks.usage)
    yield final.piece(0, {"content": choice["message"]["content"]})
    yield final.piece(0, {}, choice["finish_reason"])
    yield from final.end(written)


def _event(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"
