"""The addresses under /v1."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from feedback_app.api.openai.answers import best_completion, completion, head, model_list, one_model
from feedback_app.api.openai.edge import OpenAiRoute, json_only, not_there
from feedback_app.api.openai.requests import ChatRequest
from feedback_app.api.openai.streams import Chunks, stream, stream_best
from feedback_app.api.openai.turns import conversation
from feedback_app.api.openai.writing import generation_requests, pieces, whole
from feedback_app.api.streams import until_gone
from feedback_app.domain.comparison import Message, Sampling
from feedback_app.engines.base import Engine
from feedback_app.services.best_of import BestOf
from feedback_app.services.models import Models

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

AsPersona = Callable[[Sequence[Message]], tuple[Message, ...]]
"""Gives a conversation without a system turn the persona's."""


def router(
    engine: Engine, models: Models, default: Callable[[], Sampling], as_persona: AsPersona, best: BestOf
) -> APIRouter:
    routes = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAiRoute)

    @routes.get("/models/", include_in_schema=False)
    @routes.get("/models")
    def listing() -> dict[str, Any]:
        """The models that can be asked: `base`, the aliases and every version."""
        return model_list(models)

    @routes.get("/models/{name:path}")
    def one(name: str) -> dict[str, Any]:
        """One model; an alias is as old as its version."""
        return one_model(name, models)

    @routes.post(
        "/chat/completions/", include_in_schema=False, response_model=None, dependencies=[Depends(json_only)]
    )
    @routes.post("/chat/completions", response_model=None, dependencies=[Depends(json_only)])
    def complete(body: ChatRequest) -> dict[str, Any] | StreamingResponse:
        """A reply to the conversation, whole or as server-sent chunks; as the persona, unless it has a system turn."""
        version = models.resolve(body.model)
        prompt = as_persona(conversation([message.message() for message in body.messages]))
        requests = generation_requests(body, version, prompt, default())
        if body.best_of > 1:
            best.check()
        count, given = len(requests), pieces(engine, requests)
        if body.stream:
            chunks = Chunks(head(version), body.stream_options.include_usage)
            one_only = body.best_of > 1
            lines = (
                stream_best(given, count, chunks, prompt, best) if one_only else stream(given, count, chunks)
            )
            return StreamingResponse(until_gone(lines), media_type="text/event-stream")
        written = whole(given, count)
        if body.best_of > 1:
            return best_completion(head(version), written, prompt, best)
        return completion(head(version), written)

    served = list(routes.routes)

    @routes.api_route("/{path:path}", methods=METHODS, include_in_schema=False)
    @routes.api_route("", methods=METHODS, include_in_schema=False)
    def nothing(request: Request, path: str = "") -> None:
        """Else the pages, which are mounted at `/`, would answer."""
        raise not_there(path, request.method, dict(request.scope), served)

    return routes
