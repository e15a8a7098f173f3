"""The edge of /v1: every answer is in OpenAI's form, also those for unknown addresses and methods."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from uuid import uuid4

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import Message, Receive

from feedback_app.api.missing import served_by
from feedback_app.api.openai.errors import PREFIX, Refused, refusal

LARGEST_BODY = 8 * 2**20
"""Bytes. A text that fills a model's context is far smaller."""
CHAT = "use POST /v1/chat/completions"
ELSEWHERE = {
    "embeddings": "embeddings are not made here: use another server for them",
    "responses": f"the Responses API is not supported: {CHAT}",
    "conversations": f"the Responses API is not supported: {CHAT}",
    "completions": f"completions without a chat are not supported: {CHAT}",
    "engines": f"the engines API is not supported: use GET /v1/models and {CHAT}",
    "assistants": f"assistants are not supported: {CHAT}",
    "threads": f"assistants are not supported: {CHAT}",
    "moderations": "moderation is not done here: use another server for it",
    "images": "images are not made here: only text is written",
    "audio": "speech is neither written nor read here: only text is",
    "realtime": f"the Realtime API is not supported: {CHAT} with `stream`",
    "files": "files are not kept here: import training data with POST /api/v1/import",
    "uploads": "files are not kept here: import training data with POST /api/v1/import",
    "vector_stores": "vector stores are not kept here",
    "fine_tuning": "start a training round with POST /api/v1/rounds",
    "batches": f"batches are not supported: {CHAT} for each request",
    "v1": "the address has /v1 twice: let the client's base URL end in /v1 once",
}
"""The answers for OpenAI's other APIs, by the first part of the path."""


class OpenAiRoute(APIRoute):
    """A route with all errors in OpenAI's form and an `x-request-id` in every answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(Request(request.scope, _limited(request.receive)))
            except Exception as problem:  # noqa: BLE001 - every error must have OpenAI's form
                response = refusal(problem).response()
            return identified(response)

        return answer


def identified(response: Response) -> Response:
    """The answer with an id to find it in logs."""
    response.headers["x-request-id"] = f"req_{uuid4().hex}"
    return response


def json_only(request: Request) -> None:
    """Raises Refused for a body without the content type of JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(
            415,
            "Send the request as JSON, with the header `Content-Type: application/json`.",
            code="unsupported_media_type",
        )


def not_there(path: str, method: str, scope: dict[str, Any], routes: Sequence[BaseRoute]) -> Refused:
    """The answer for an unknown address: 405 if one of `routes` takes another method, else 404."""
    allowed = served_by(scope, routes)
    if allowed:
        reason = f"{method} is not possible here: use {' or '.join(allowed)}."
        return Refused(405, reason, code="method_not_allowed", headers={"Allow": ", ".join(allowed)})
    if unsupported := elsewhere(path):
        return unsupported
    served = "GET /v1/models and POST /v1/chat/completions"
    return Refused(404, f"Nothing is served at this address: this API has {served}.", code="unknown_url")


def elsewhere(path: str) -> Refused | None:
    """What to use instead of another OpenAI API; None if the path belongs to none."""
    first = path.removeprefix(PREFIX).strip("/").partition("/")[0]
    advice = ELSEWHERE.get(first)
    return Refused(404, f"{advice}.", code="unsupported_endpoint") if advice else None


def _limited(receive: Receive) -> Receive:
    """Raises Refused once a body exceeds the limit."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            raise Refused(
                413,
                f"The request is larger than {LARGEST_BODY // 2**20} MiB: send less.",
                code="request_too_large",
            )
        return message

    return limited
