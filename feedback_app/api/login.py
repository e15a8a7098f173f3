"""The login page, where the service asks for an access token."""

from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

COOKIE = "codelynn_access"
MONTH = 30 * 86400
LOGIN_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>codeLynn: log in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px system-ui;max-width:22rem;margin:20vh auto;padding:0 1rem}}
input,button{{font:inherit;width:100%;padding:.6rem;margin:.3rem 0;box-sizing:border-box}}</style>
<h1>codeLynn</h1><form method="post" action="/login"><label>Access token
<input name="token" type="password" autofocus autocomplete="current-password" required></label>
<button>Log in</button></form><p role="alert">{message}</p></html>"""


async def login(request: Request, allows: Callable[[str], bool]) -> Response:
    """The form, or what it answers; the right token is kept in a cookie that scripts cannot read."""
    if request.method != "POST":
        return HTMLResponse(LOGIN_PAGE.format(message=""))
    given = parse_qs((await request.body()).decode("utf-8", "replace")).get("token", [""])[0]
    if not allows(given):
        return HTMLResponse(LOGIN_PAGE.format(message="That is not the access token."), status_code=401)
    answer = RedirectResponse("/", status_code=303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, given, httponly=True, samesite="strict", secure=secure, max_age=MONTH)
    return answer
