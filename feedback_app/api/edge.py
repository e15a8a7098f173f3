"""Checks every request before any route sees it, of the API and the pages.

Texts and numbers in the path, the query and JSON bodies must follow `text_rules`. So no route has to handle unpaired surrogates, NUL,
NaN, infinities, huge integers or deep nesting, and none of these is ever stored.
"""

from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback_app.api.errors import refusal
from feedback_app.api.request_checks import ACCEPTED
from feedback_app.domain import json_rules
from feedback_app.domain.json_rules import NotJson, Unfit
from feedback_app.domain.text_rules import text_fault

WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LARGEST_BODY = 64 * 1024 * 1024
LARGE = 64 * 1024
"""Bodies of this many bytes and more are checked in a thread, so that other requests do not wait."""


class _TooLarge(Exception):
    """A JSON body over the limit."""


class _Left(Exception):
    """The client disconnected before it had sent the whole body."""


class Edge:
    """ASGI middleware. A request that breaks a rule is answered with 422 (400 under `/v1`), what is wrong and where, but never
    with the text itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, fault, body = 422, address_fault(scope), None
        if fault is None and takes_json(scope):
            try:
                body = await _body(Headers(scope=scope), receive)
                fault = await _body_fault(body)
            except _TooLarge:
                status, fault = 413, f"the body is larger than {LARGEST_BODY // 2**20} MiB"
            except _Left:
                return
        if fault is not None:
            await refusal(scope["path"], fault, status)(scope, receive, send)
            return
        await self._app(scope, receive if body is None else _again(body, receive), send)


def address_fault(scope: Scope) -> str | None:
    """What is wrong with the path or the query, if anything."""
    if any(character < " " or character == "\x7f" for character in scope["path"]):
        return "the path of the address holds a control character"
    query = scope.get("query_string", b"").decode("latin-1")
    for name, value in parse_qsl(query, keep_blank_values=True):
        if fault := text_fault(name) or text_fault(value):
            return f"the query of the address {fault}"
    return None


def takes_json(scope: Scope) -> bool:
    """Whether the body may be read as JSON, as one without a content type may. Paths that accept other types accept files, which are read
    in pieces and checked by their format."""
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind in ("", "application/json") or kind.endswith("+json")
    return scope["method"] in WITH_BODY and is_json and scope["path"].rstrip("/") not in ACCEPTED


async def _body(headers: Headers, receive: Receive) -> bytes:
    """The whole body. Raises _TooLarge, _Left."""
    length = headers.get("content-length", "")
    if length.isdecimal() and len(length) < 20 and int(length) > LARGEST_BODY:
        raise _TooLarge
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Left
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise _TooLarge
    return bytes(body)


async def _body_fault(body: bytes) -> str | None:
    return await run_in_threadpool(body_fault, body) if len(body) > LARGE else body_fault(body)


def body_fault(body: bytes) -> str | None:
    """What is wrong with a JSON body, if anything. None also if it is not JSON at all, which the route reports."""
    if not body:
        return None
    try:
        json_rules.parsed(body)
    except NotJson:
        return None
    except Unfit as error:
        fault = str(error)
        return f"in the body, {fault}" if fault.startswith("`") else f"the body {fault}"
    return None


def _again(body: bytes, receive: Receive) -> Receive:
    """Receive the body that was read again, then further messages."""
    received = False

    async def receive_again() -> Message:
        nonlocal received
        if received:
            return await receive()
        received = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
