"""Who may talk to the service: Host and Origin checks, and a login where it listens beyond loopback.

A page on another site can make a browser send requests to 127.0.0.1 (cross-site requests, DNS rebinding). So a
request must be addressed to a host name of ours, and where a browser names the origin, it must be ours too.
"""

import hmac
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
COOKIE = "codelynn_access"
OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/login"})
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; media-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
LOGIN_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>codeLynn: log in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px system-ui;max-width:22rem;margin:20vh auto;padding:0 1rem}}
input,button{{font:inherit;width:100%;padding:.6rem;margin:.3rem 0;box-sizing:border-box}}</style>
<h1>codeLynn</h1><form method="post" action="/login"><label>Access token
<input name="token" type="password" autofocus autocomplete="current-password" required></label>
<button>Log in</button></form><p role="alert">{message}</p></html>"""


class Unprotected(ValueError):
    """The service would listen beyond loopback without a login."""


@dataclass(frozen=True, slots=True)
class Access:
    """`token` empty: no login. `hosts` are the names a request may be addressed to."""

    token: str
    hosts: frozenset[str]

    def host_known(self, host: str) -> bool:
        return (urlsplit(f"//{host}").hostname or "") in self.hosts

    def origin_known(self, origin: str, host: str) -> bool:
        """Whether a browser's Origin is this service itself."""
        return urlsplit(origin).netloc == host

    def allows(self, given: str) -> bool:
        return not self.token or hmac.compare_digest(given.encode(), self.token.encode())


def access(host: str, token: str, allowed_hosts: str) -> Access:
    """The rules for an address to listen on. Raises Unprotected."""
    if host not in LOOPBACK and not token:
        raise Unprotected(
            f"CODELYNN_HOST={host} is reachable by others: set CODELYNN_ACCESS_TOKEN, or use CODELYNN_HOST=127.0.0.1"
        )
    named = {name.strip() for name in allowed_hosts.split(",") if name.strip()}
    return Access(token, LOOPBACK | named | {host})


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
        refused = self._refusal(scope, headers)
        if refused is None and scope["type"] == "http" and scope["path"] == "/login" and self._rules.token:
            refused = await self._login(Request(scope, receive))
        if refused is not None:
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, _with_policy(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._rules.host_known(host):
            return JSONResponse(
                {"detail": "unknown host name: add it to CODELYNN_ALLOWED_HOSTS"}, status_code=421
            )
        if origin not in (None, "null") and not self._rules.origin_known(origin or "", host):
            return JSONResponse({"detail": "requests from other sites are refused"}, status_code=403)
        if scope["path"] in OPEN_PATHS or self._rules.allows(_given(scope, headers)):
            return None
        if "text/html" in headers.get("accept", ""):
            return RedirectResponse("/login", status_code=303)
        return JSONResponse({"detail": "give the access token as `Authorization: Bearer …`"}, status_code=401)

    async def _login(self, request: Request) -> Response:
        if request.method != "POST":
            return HTMLResponse(LOGIN_PAGE.format(message=""))
        given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0]
        if not self._rules.allows(given):
            return HTMLResponse(LOGIN_PAGE.format(message="That is not the access token."), status_code=401)
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(
            COOKIE,
            given,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            max_age=30 * 86400,
        )
        return answer


def _given(scope: Scope, headers: Headers) -> str:
    bearer = headers.get("authorization", "")
    if bearer.lower().startswith("bearer "):
        return bearer[7:].strip()
    return Request({**scope, "type": "http"}).cookies.get(COOKIE, "")


def _with_policy(send: Send) -> Send:
    async def wrapped(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))  # type: ignore[call-overload]
            headers += [
                (b"content-security-policy", POLICY.encode()),
                (b"x-content-type-options", b"nosniff"),
                (b"referrer-policy", b"same-origin"),
            ]
            message = {**message, "headers": headers}
        await send(message)

    return wrapped  # type: ignore[return-value]
