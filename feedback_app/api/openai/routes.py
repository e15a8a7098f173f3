"""The routes under /v1."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from feedback_app.api.openai.answers import model_list, one_model
from feedback_app.api.openai.completions import AsPersona, Completions
from feedback_app.api.openai.edge import OpenAiRoute, identified, json_only, not_there
from feedback_app.api.openai.errors import PREFIX
from feedback_app.api.openai.requests import ChatRequest
from feedback_app.api.streams import asker_of, whole
from feedback_app.domain.comparison import Sampling
from feedback_app.engines.base import Engine
from feedback_app.services.generation.best_of import BestOf
from feedback_app.services.generation.versions import Models


def router(
    engine: Engine, models: Models, default: Callable[[], Sampling], as_persona: AsPersona, best: BestOf
) -> APIRouter:
    completions = Completions(engine, models, default, as_persona, best)
    routes = APIRouter(prefix=PREFIX, tags=["openai"], route_class=OpenAiRoute)

    @routes.get("/models/", include_in_schema=False)
    @routes.get("/models")
    def listing() -> dict[str, Any]:
        """The available models: `base`, the aliases and every version."""
        return model_list(models)

    @routes.get("/models/{name:path}")
    def one(name: str) -> dict[str, Any]:
        """One model. An alias has the date of its version."""
        return one_model(name, models)

    @routes.post(
        "/chat/completions/", include_in_schema=False, response_model=None, dependencies=[Depends(json_only)]
    )
    @routes.post("/chat/completions", response_model=None, dependencies=[Depends(json_only)])
    async def complete(request: Request, body: ChatRequest) -> dict[str, Any] | StreamingResponse:
        """A reply to the conversation, complete or streamed. Without a system message, the persona's is used."""
        caller = asker_of(request)
        return await whole(request, caller, lambda: completions.answer(body, caller))

    served = list(routes.routes)

    async def nothing(request: Request) -> Response:
        """Unknown addresses. Otherwise the pages, which are mounted at `/`, would answer."""
        missing = not_there(request.url.path, request.method, dict(request.scope), served)
        return identified(missing.response())

    for path in (PREFIX, PREFIX + "/{path:path}"):
        routes.add_route(
            path, nothing, methods=[], include_in_schema=False
        )  # an empty list means every method
    return routes
