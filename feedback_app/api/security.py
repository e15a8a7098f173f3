"""Who may talk to the service: the guard around all pages and routes, and a login beyond loopback.

A page on another site can make a browser send requests to 127.0.0.1 (cross-site requests, DNS rebinding). So a
request must be addressed to a host name of ours, must not come from another site, must have a content type that no form can
send, and what our own pages send must carry their token. Decision 0008.
"""

import hmac
import re
from dataclasses import dataclass, replace

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from feedback_app.api.content_types import type_refused
from feedback_app.api.login import COOKIE, login
from feedback_app.api.openai.edge import elsewhere
from feedback_app.api.openai.errors import is_openai, refused_early
from feedback_app.api.origins import READS, from_a_browser, from_another_site
from feedback_app.errors import Invalid

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/login"})
PAGE_TOKEN = "x-codelynn-token"  # noqa: S105 - the name of a header
CLIENT_APIS = ("/api/v1/", "/v1/", "/login")
"""Routes that programs use, and the login form. All others are asked by our pages alone."""
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; media-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"referrer-policy", b"same-origin"),
)


HOST = re.compile(r"(\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(:[0-9]{1,5})?")
"""What a `Host` header may be: a name or an address, and a port."""


class Unprotected(Invalid, ValueError):
    """The service would listen beyond loopback without a login."""


@dataclass(frozen=True, slots=True)
class Access:
    """`token` empty: no login. `hosts`: the names a request may be addressed to. `pages`: paths that a link from
    elsewhere may open. `page_token`: what our pages' own requests carry; empty: they need none."""

    token: str
    hosts: frozenset[str]
    pages: frozenset[str] = frozenset({"/"})
    page_token: str = ""

    def host_known(self, host: str) -> bool:
        found = HOST.fullmatch(host.lower())
        return found is not None and (found["address"] or found["name"]) in self.hosts

    def allows(self, given: str) -> bool:
        return not self.token or _same(given, self.token)

    def from_our_page(self, given: str) -> bool:
        return not self.page_token or _same(given, self.page_token)

    def with_pages(self, pages: frozenset[str]) -> "Access":
        return replace(self, pages=pages | {"/login"})


def access(host: str, token: str, allowed_hosts: str, page_token: str = "") -> Access:
    """The rules for an address to listen on. Raises Unprotected."""
    if host not in LOOPBACK and not token:
        raise Unprotected(
            f"CODELYNN_HOST={host} is reachable by others: set CODELYNN_ACCESS_TOKEN, or use CODELYNN_HOST=127.0.0.1"
        )
    named = {name.strip().lower() for name in allowed_hosts.split(",") if name.strip()}
    return Access(token, LOOPBACK | named | {host}, page_token=page_token)


class Guard:
    """ASGI middleware around everything, pages and API alike."""

    def __init__(self, app: ASGIApp, rules: Access) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refused = self._refusal(scope, headers) or self._login_needed(scope, headers)
        if refused is None and scope["type"] == "http" and scope["path"] == "/login" and self._rules.token:
            refused = await login(Request(scope, receive), self._rules.allows)
        await (refused or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Why nobody may ask this in this way, with or without a login."""
        method, path = scope.get("method", "GET"), scope["path"]
        if not self._rules.host_known(headers.get("host", "")):
            return _refused(path, 421, "unknown host name: add it to CODELYNN_ALLOWED_HOSTS")
        if from_another_site(method, path, headers, self._rules.pages):
            return _refused(path, 403, "requests from other sites are refused")
        if method in READS:
            return None
        if self._needs_page_token(path, headers) and not self._rules.from_our_page(
            headers.get(PAGE_TOKEN, "")
        ):
            return _refused(path, 403, "this page is out of date: load it again")
        if reason := type_refused(path, headers):
            return _refused(path, 415, reason)
        return None

    def _needs_page_token(self, path: str, headers: Headers) -> bool:
        return from_a_browser(headers) and not path.startswith(CLIENT_APIS)

    def _login_needed(self, scope: Scope, headers: Headers) -> Response | None:
        if scope["path"] in OPEN_PATHS or self._rules.allows(_given(scope, headers)):
            return None
        if "text/html" in headers.get("accept", "") and not is_openai(scope["path"]):
            return RedirectResponse("/login", status_code=303)
        return _refused(scope["path"], 401, "give the access token as `Authorization: Bearer …`")


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def _refused(path: str, status: int, reason: str) -> Response:
    """One line; under `/v1` in the form that OpenAI's clients read. There, a file for an API that is not served is told so: another
    content type would not help."""
    if is_openai(path):
        unsupported = elsewhere(path) if status == 415 else None
        return (unsupported or refused_early(status, reason)).response()
    return JSONResponse({"detail": reason}, status_code=status)


def _given(scope: Scope, headers: Headers) -> str:
    bearer = headers.get("authorization", "")
    if bearer.lower().startswith("bearer "):
        return bearer[7:].strip()
    return Request({**scope, "type": "http"}).cookies.get(COOKIE, "")


def _with_headers(send: Send) -> Send:
    async def wrapped(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *HEADERS]}  # type: ignore[misc]
        await send(message)

    return wrapped  # type: ignore[return-value]
