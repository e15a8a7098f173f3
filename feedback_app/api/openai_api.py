"""The OpenAI-compatible API: any client of that API can chat with a checkpoint."""

import json
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field, model_validator

from feedback_app.api.streams import until_gone
from feedback_app.domain.best_of import MOST
from feedback_app.domain.comparison import InvalidPrompt, Message, Sampling
from feedback_app.engines.base import Engine, GenerationRequest
from feedback_app.services.best_of import BestOf, NothingToChooseBy
from feedback_app.services.models import ALIASES, Models
from feedback_app.services.rewards import BrokenRewardModel

InPersona = Callable[[Sequence[Message]], tuple[Message, ...]]
"""Gives a conversation without a system turn the persona's. Raises InvalidPrompt."""

CLIENT_ERRORS = (InvalidPrompt, LookupError, NothingToChooseBy)
BEAT_SECONDS = 1.0
"""How often a stream says that candidates are still being written: else a reader who left would not be noticed."""


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
    best_of: int = Field(
        1,
        ge=1,
        le=MOST,
        description="Write so many replies and answer the one that a reward model of the owner's taste puts first. "
        "Ours, not OpenAI's; the answer's own `best_of` says what chose.",
    )
    seed: int = 0
    stop: str | list[str] | None = None

    @model_validator(mode="after")
    def one_answer(self) -> "ChatRequest":
        if self.best_of > 1 and self.n > 1:
            raise ValueError("the best of several is one answer: leave `n` at 1 where `best_of` is given")
        return self

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


@dataclass(slots=True)
class Written:
    """The replies of a batch and why each ended, as far as they are written."""

    texts: list[str]
    finishes: list[str]

    def add(self, index: int, text: str, finish: str | None) -> None:
        self.texts[index] += text
        self.finishes[index] = finish or self.finishes[index]

    def choice(self, index: int, place: int) -> dict[str, Any]:
        """Reply `index` as choice `place` of the answer."""
        message = {"role": "assistant", "content": self.texts[index]}
        return {
            "index": place,
            "message": message,
            "finish_reason": self.finishes[index],
            "logprobs": None,
        }


def router(
    engine: Engine, models: Models, default: Callable[[], Sampling], in_persona: InPersona, best: BestOf
) -> APIRouter:
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
        requests = _requests(body, version, default(), prompt)
        head = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": version}
        if body.best_of > 1:
            best.check()
        pieces = _until_stop(engine, requests, body.stops())
        if body.stream:
            lines = (
                _stream(pieces, body.n, head)
                if body.best_of == 1
                else _stream_best(pieces, requests, head, best)
            )
            return StreamingResponse(until_gone(lines), media_type="text/event-stream")
        written = _written(pieces, len(requests))
        answer = _chosen(written, prompt, best) if body.best_of > 1 else _all(written)
        return {**head, "object": "chat.completion", **answer}

    return routes


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "codelynn"}


def _requests(
    body: ChatRequest, version: str, default: Sampling, prompt: tuple[Message, ...]
) -> list[GenerationRequest]:
    sampling = body.sampling(default)
    return [
        GenerationRequest(version, prompt, sampling, body.seed + i) for i in range(max(body.n, body.best_of))
    ]


Pieces = Generator[tuple[int, str, str | None], None, None]
"""(index, text, finish) of the replies of a batch."""


def _written(pieces: Pieces, count: int) -> Written:
    written = Written([""] * count, ["stop"] * count)
    with closing(pieces):
        for piece in pieces:
            written.add(*piece)
    return written


def _all(written: Written) -> dict[str, Any]:
    return {"choices": [written.choice(i, i) for i in range(len(written.texts))]}


def _chosen(written: Written, prompt: Sequence[Message], best: BestOf) -> dict[str, Any]:
    """The one answer of several replies, and what chose it. Raises NothingToChooseBy, BrokenRewardModel."""
    choice = best.choose(prompt, written.texts)
    return {"choices": [written.choice(choice.index, 0)], "best_of": {"of": choice.of, "by": choice.by}}


def _chunk(head: dict[str, Any], index: int, delta: dict[str, str], finish: str | None = None) -> str:
    choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _line({**head, "object": "chat.completion.chunk", "choices": [choice]})


def _line(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


def _stream(pieces: Pieces, count: int, head: dict[str, Any]) -> Generator[str, None, None]:
    for i in range(count):
        yield _chunk(head, i, {"role": "assistant", "content": ""})
    with closing(pieces):
        for index, text, finish in pieces:
            yield _chunk(head, index, {"content": text} if text else {}, finish)
    yield "data: [DONE]\n\n"


def _stream_best(
    pieces: Pieces, requests: Sequence[GenerationRequest], head: dict[str, Any], best: BestOf
) -> Generator[str, None, None]:
    """Comments while the candidates are written, then the chosen one whole."""
    written, due = Written([""] * len(requests), ["stop"] * len(requests)), 0.0
    yield _chunk(head, 0, {"role": "assistant", "content": ""})
    with closing(pieces):
        for piece in pieces:
            written.add(*piece)
            if (now := time.monotonic()) >= due:
                due = now + BEAT_SECONDS
                yield f": writing {len(requests)} replies\n\n"
    try:
        answer = _chosen(written, requests[0].messages, best)
    except (NothingToChooseBy, BrokenRewardModel) as problem:
        yield _line(openai_error(problem))
        return
    (choice,) = answer["choices"]
    told = {**head, "best_of": answer["best_of"]}
    yield _chunk(told, 0, {"content": choice["message"]["content"]}, choice["finish_reason"])
    yield "data: [DONE]\n\n"


def _until_stop(engine: Engine, requests: Sequence[GenerationRequest], stops: Sequence[str]) -> Pieces:
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
    kind = "invalid_request_error" if isinstance(problem, CLIENT_ERRORS) else "server_error"
    return {"error": {"message": str(problem), "type": kind, "param": None, "code": None}}
