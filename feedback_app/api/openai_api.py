"""The OpenAI-compatible API: any client of that API can chat with a checkpoint."""

import json
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import Any, Literal
from uuid import uuid4

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from feedback_app.api.streams import until_gone
from feedback_app.domain.comparison import InvalidPrompt, Message, Sampling
from feedback_app.engines.base import Engine, GenerationRequest
from feedback_app.services.models import ALIASES, Models

InPersona = Callable[[Sequence[Message]], tuple[Message, ...]]
"""Gives a conversation without a system turn the persona's. Raises InvalidPrompt."""


class TextPart(BaseModel):
    type: Literal["text"]
    text: str


class ChatMessage(BaseModel):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]

    def message(self) -> Message:
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return Message("system" if self.role == "developer" else self.role, text)


class ChatRequest(BaseModel):
    """The fields of the OpenAI request that mean something here; others are ignored."""

    model: str = "latest"
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool = False
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    n: int = Field(1, ge=1, le=8)
    seed: int = 0
    stop: str | list[str] | None = None

    def sampling(self, default: Sampling) -> Sampling:
        limit = self.max_completion_tokens or self.max_tokens or default.max_new_tokens
        return Sampling(
            temperature=default.temperature if self.temperature is None else self.temperature,
            top_p=default.top_p if self.top_p is None else self.top_p,
            top_k=default.top_k,
            max_new_tokens=limit,
            repetition_penalty=default.repetition_penalty,
        )

    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else list(self.stop or [])


def router(engine: Engine, models: Models, default: Sampling, in_persona: InPersona) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["openai"])

    @routes.get("/models")
    def listing() -> dict[str, Any]:
        names = dict.fromkeys(["base", *ALIASES, *models.versions()])
        return {"object": "list", "data": [_model(name) for name in names]}

    @routes.get("/models/{name}")
    def one(name: str) -> dict[str, Any]:
        models.resolve(name)
        return _model(name)

    @routes.post("/chat/completions", response_model=None)
    def complete(body: ChatRequest) -> dict[str, Any] | StreamingResponse:
        """A reply to the conversation, whole or as server-sent chunks; as the persona, unless it has a system turn."""
        version = models.resolve(body.model)
        prompt = in_persona([message.message() for message in body.messages])
        requests = _requests(body, version, default, prompt)
        head = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": version}
        if body.stream:
            lines = _stream(engine, requests, head, body.stops())
            return StreamingResponse(until_gone(lines), media_type="text/event-stream")
        return {**head, "object": "chat.completion", **_whole(engine, requests, body.stops())}

    return routes


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "codelynn"}


def _requests(
    body: ChatRequest, version: str, default: Sampling, prompt: tuple[Message, ...]
) -> list[GenerationRequest]:
    sampling = body.sampling(default)
    return [GenerationRequest(version, prompt, sampling, body.seed + i) for i in range(body.n)]


def _whole(engine: Engine, requests: Sequence[GenerationRequest], stops: Sequence[str]) -> dict[str, Any]:
    texts, finishes = [""] * len(requests), ["stop"] * len(requests)
    for index, text, finish in _until_stop(engine, requests, stops):
        texts[index] += text
        finishes[index] = finish or finishes[index]
    choices = [
        {
            "index": i,
            "message": {"role": "assistant", "content": text},
            "finish_reason": finishes[i],
            "logprobs": None,
        }
        for i, text in enumerate(texts)
    ]
    return {"choices": choices}


def _stream(
    engine: Engine, requests: Sequence[GenerationRequest], head: dict[str, Any], stops: Sequence[str]
) -> Generator[str, None, None]:
    def chunk(index: int, delta: dict[str, str], finish: str | None = None) -> str:
        choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}
        return f"data: {json.dumps({**head, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"

    for i in range(len(requests)):
        yield chunk(i, {"role": "assistant", "content": ""})
    with closing(_until_stop(engine, requests, stops)) as pieces:
        for index, text, finish in pieces:
            yield chunk(index, {"content": text} if text else {}, finish)
    yield "data: [DONE]\n\n"


def _until_stop(
    engine: Engine, requests: Sequence[GenerationRequest], stops: Sequence[str]
) -> Generator[tuple[int, str, str | None], None, None]:
    """(index, text, finish) of the batch, each reply cut before the first of `stops` it would contain."""
    held, done = [""] * len(requests), [False] * len(requests)
    margin = max((len(stop) for stop in stops), default=1) - 1
    with closing(engine.generate(requests)) as deltas:
        for delta in deltas:
            if done[delta.index]:
                continue
            text = held[delta.index] + delta.text
            found = [at for stop in stops if stop and (at := text.find(stop)) >= 0]
            finish = "stop" if found else delta.finish
            sent = len(text) if finish else max(len(text) - margin, 0)
            sent = min(found) if found else sent
            held[delta.index], done[delta.index] = text[sent:], finish is not None
            if sent or finish:
                yield delta.index, text[:sent], finish
            if all(done):
                return


def openai_error(problem: Exception) -> dict[str, Any]:
    """The error body that OpenAI clients read."""
    kind = "invalid_request_error" if isinstance(problem, (InvalidPrompt, LookupError)) else "server_error"
    return {"error": {"message": str(problem), "type": kind, "param": None, "code": None}}
