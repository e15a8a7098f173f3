"""The check at the edge: what every request to the service must keep, API and pages alike, before any route sees it.

Texts and numbers follow `text_rules` wherever they stand: in the path, the query, and anywhere in a JSON body. So no route has to
think of half surrogate pairs, NUL, NaN, infinities, endless integers or endless nesting, and what breaks a rule is never stored.
"""

from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback_app.api.content_types import TAKEN
from feedback_app.api.errors import refusal
from feedback_app.domain import json_rules
from feedback_app.domain.json_rules import NotJson, Unfit
from feedback_app.domain.text_rules import text_fault

WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LARGEST_BODY = 64 * 1024 * 1024
LARGE = 64 * 1024
"""Bytes from which a body is checked in a thread, so that others need not wait."""


class _TooLarge(Exception):
    """A JSON body over the limit."""


class _Left(Exception):
    """The client went away before its body was whole."""


class Edge:
    """ASGI middleware. A request that breaks a rule is answered 422 (400 under `/v1`) with what is wrong and where, never with
    the text itself."""

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
    """What is wrong with the path or the query; None where nothing is."""
    if any(character < " " or character == "\x7f" for character in scope["path"]):
        return "the path of the address holds a control character"
    query = scope.get("query_string", b"").decode("latin-1")
    for name, value in parse_qsl(query, keep_blank_values=True):
        if fault := text_fault(name) or text_fault(value):
            return f"the query of the address {fault}"
    return None


def takes_json(scope: Scope) -> bool:
    """Whether the body will be read as JSON; one without a type may be. A path that takes other types takes a file: that is read
    in pieces and checked by its format."""
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind in ("", "application/json") or kind.endswith("+json")
    return scope["method"] in WITH_BODY and is_json and scope["path"].rstrip("/") not in TAKEN


async def _body(headers: Headers, receive: Receive) -> bytes:
    """The whole body. Raises _TooLarge, _Left."""
    told = headers.get("content-length", "")
    if told.isdecimal() and len(told) < 20 and int(told) > LARGEST_BODY:
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
    """What is wrong with a JSON body; None where nothing is, and where it is none at all: the route says so."""
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
    """The body that was read, once more; then whatever comes."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
