"""The login page. It appears where the service asks for an access token."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

COOKIE = "codelynn_access"
MONTH = 30 * 86400
TEMPLATES = Path(__file__).parent / "templates"


async def login(request: Request, allows: Callable[[str], bool]) -> Response:
    """Show the form, or answer it. A correct token is kept in a cookie that scripts cannot read."""
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
    """The form as HTML, with a `message` below it."""
    return _template().render(message=message)


@cache
def _template() -> Template:
    files = FileSystemLoader(TEMPLATES)
    return Environment(loader=files, autoescape=True, undefined=StrictUndefined).get_template("login.html")
