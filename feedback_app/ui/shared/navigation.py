"""The pages and their addresses, the menu at the head of each page, and the answer to an unknown address."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from markupsafe import Markup
from starlette.routing import Mount

from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.theme import STATIC

_SVG = (STATIC / "mark.svg").read_text(encoding="utf-8")
MARK = Markup(_SVG.replace("<svg ", '<svg aria-hidden="true" ', 1))  # noqa: S704 - our own file


@dataclass(frozen=True, slots=True)
class Place:
    """A page: its name and its path below the root. The path of the first page is empty."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Group:
    """Pages under one name of the menu. A group of one page links to that page."""

    name: str
    places: tuple[Place, ...]


ARENA, CHAT, ROUNDS = Place("Arena", ""), Place("Chat", "chat"), Place("Rounds", "rounds")
REWARD, LEADERBOARD = Place("Reward", "reward"), Place("Leaderboard", "leaderboard")
DATA, SETTINGS = Place("Data", "data"), Place("Settings", "settings")
GROUPS = (
    Group("Arena", (ARENA,)),
    Group("Chat", (CHAT,)),
    Group("Train", (ROUNDS, REWARD, LEADERBOARD)),
    Group("Data", (DATA,)),
    Group("Settings", (SETTINGS,)),
)
"""The menu. A new page joins one of these groups: more groups would not fit on a phone."""


def page_title(place: Place) -> str:
    """The title of the browser tab."""
    return f"{place.name} · codeLynn"


def head_html(current: Place, groups: Sequence[Group] = GROUPS) -> Markup:
    """Name, menu and an empty place for the steps. The scripts of `static/` close the menus and fill in the steps."""
    title = page_title(current)
    return render("shared/head.html", title=title, mark=MARK, current=current, groups=groups)


def answer_missing_pages(app: FastAPI) -> None:
    """Show a page of our own for unknown addresses below the app that is mounted at the root, which is Gradio's."""
    for route in app.routes:
        if isinstance(route, Mount) and route.path == "" and isinstance(route.app, FastAPI):
            route.app.add_exception_handler(404, _missing)


async def _missing(request: Request, error: Exception) -> Response:
    """HTML for browsers, JSON for programs."""
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(missing_page(), status_code=404)
    detail = error.detail if isinstance(error, HTTPException) else "Not Found"
    return JSONResponse({"detail": detail}, status_code=404)


def missing_page() -> Markup:
    """What a browser shows at an unknown address: links to the pages that exist."""
    places = [place for group in GROUPS for place in group.places]
    return render("shared/not_found.html", mark=MARK, places=places)
