"""A chat completion, from the request to its answer, complete or streamed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi.responses import StreamingResponse

from feedback_app.api.openai.answers import best_completion, completion, head
from feedback_app.api.openai.errors import too_long
from feedback_app.api.openai.requests import ChatRequest
from feedback_app.api.openai.streams import Chunks, Lines, stream, stream_best
from feedback_app.api.openai.turns import conversation
from feedback_app.api.openai.writing import Pieces, generation_requests, pieces, to_the_end
from feedback_app.api.streams import begun, until_gone
from feedback_app.domain.comparison import LimitTooLarge, Message, Sampling
from feedback_app.engines.base import Caller, Engine, with_caller
from feedback_app.services.generation.best_of import BestOf
from feedback_app.services.generation.versions import Models

AsPersona = Callable[[Sequence[Message]], tuple[Message, ...]]
"""Adds the persona's system turn to a conversation without one."""


@dataclass(frozen=True, slots=True)
class Completions:
    """Writes chat completions. `default`: the sampling parameters that a request leaves out."""

    engine: Engine
    models: Models
    default: Callable[[], Sampling]
    as_persona: AsPersona
    best: BestOf

    def answer(self, body: ChatRequest, caller: Caller) -> dict[str, Any] | StreamingResponse:
        """The answer, after the first piece of the reply. Raises AppError."""
        version = self.models.resolve(body.model)
        prompt = self.as_persona(conversation([message.message() for message in body.messages]))
        requests = with_caller(caller, generation_requests(body, version, prompt, self.default()))
        if body.best_of > 1:
            self.best.check()
        try:
            batch = begun(pieces(self.engine, requests))
        except LimitTooLarge as error:
            raise too_long(error, body.limit_field) from error
        if body.stream:
            lines = self._lines(body, batch, version, prompt)
            return StreamingResponse(until_gone(lines, caller.leave), media_type="text/event-stream")
        written = to_the_end(batch, len(requests))
        if body.best_of > 1 and not caller.left:
            return best_completion(head(version), written, prompt, self.best)
        return completion(head(version), written)

    def _lines(self, body: ChatRequest, batch: Pieces, version: str, prompt: Sequence[Message]) -> Lines:
        chunks = Chunks(head(version), body.stream_options.include_usage)
        if body.best_of > 1:
            return stream_best(batch, body.best_of, chunks, prompt, self.best)
        return stream(batch, body.n, chunks)
