"""Access control for all pages and routes, and the login beyond loopback.

A page on another site can make a browser send requests to 127.0.0.1 (cross-site requests, DNS rebinding). So a request must name a
known host, must not come from another site and must have a content type that no form can send. Requests from the service's own pages
must carry their token. Decision 0008.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from feedback_app.api.openai.edge import elsewhere
from feedback_app.api.openai.errors import is_openai, refused_early
from feedback_app.api.request_checks import READS, from_a_browser, from_another_site, type_refused
from feedback_app.errors import Invalid

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/login"})
PAGE_TOKEN = "x-codelynn-token"  # noqa: S105 - the name of a header
CLIENT_APIS = ("/api/v1/", "/v1/", "/login")
"""Routes for programs, and the login form. Only the service's own pages call other routes."""
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
COOKIE = "codelynn_access"
MONTH = 30 * 86400
TEMPLATES = Path(__file__).parent / "templates"


class Unprotected(Invalid, ValueError):
    """The service would be reachable from other machines without a login."""


@dataclass(frozen=True, slots=True)
class Access:
    """`token`: the access token; empty for no login. `hosts`: accepted host names. `pages`: paths that links on other sites may open.
    `page_token`: the token of requests from the service's own pages; empty if they need none."""

    token: str
    hosts: frozenset[str]
    pages: frozenset[str] = frozenset({"/"})
    page_token: str = ""

    def host_known(self, host: str) -> bool:
        match = HOST.fullmatch(host.lower())
        return match is not None and (match["address"] or match["name"]) in self.hosts

    def allows(self, token: str) -> bool:
        return not self.token or _same(token, self.token)

    def from_our_page(self, token: str) -> bool:
        return not self.page_token or _same(token, self.page_token)

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
        """Why the request is refused, with or without a login, if it is."""
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
        if scope["path"] in OPEN_PATHS or self._rules.allows(_token(scope, headers)):
            return None
        if "text/html" in headers.get("accept", "") and not is_openai(scope["path"]):
            return RedirectResponse("/login", status_code=303)
        return _refused(scope["path"], 401, "give the access token as `Authorization: Bearer …`")


async def login(request: Request, allows: Callable[[str], bool]) -> Response:
    """The login form, or the answer to it. The right token is stored in a cookie that scripts cannot read."""
    if request.method != "POST":
        return HTMLResponse(login_page())
    token = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0]
    if not allows(token):
        return HTMLResponse(login_page("That is not the access token."), status_code=401)
    answer = RedirectResponse("/", status_code=303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure, max_age=MONTH)
    return answer


def login_page(message: str = "") -> str:
    """The form as HTML, with a `message` below it. Jinja2 is imported here: the CLI imports this module and draws no page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    files = FileSystemLoader(TEMPLATES)
    templates = Environment(loader=files, autoescape=True, undefined=StrictUndefined)
    return templates.get_template("login.html").render(message=message)


def _same(token: str, secret: str) -> bool:
    return hmac.compare_digest(token.encode("utf-8", "replace"), secret.encode())


def _refused(path: str, status: int, reason: str) -> Response:
    """One line; under `/v1` in OpenAI's form. A file for an unsupported OpenAI API is answered as such: another content type would not help."""
    if is_openai(path):
        unsupported = elsewhere(path) if status == 415 else None
        return (unsupported or refused_early(status, reason)).response()
    return JSONResponse({"detail": reason}, status_code=status)


def _token(scope: Scope, headers: Headers) -> str:
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
