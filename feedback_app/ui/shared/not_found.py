"""What a person sees at an address where no page is. Programs get JSON."""

from html import escape

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount

from feedback_app.ui.shared.navigation import GROUPS, MARK

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>No such page · codeLynn</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root{{color-scheme:light dark}}body{{font:16px system-ui;max-width:28rem;margin:18vh auto;padding:0 1rem}}
li{{margin:.4rem 0}}</style><main>{mark}<h1>There is no such page</h1><p>The pages of codeLynn are:</p><ul>{links}</ul></main></html>"""


def tell_of_missing_pages(app: FastAPI) -> None:
    """Give the app that is mounted at the root, Gradio's, a page for addresses that it does not know."""
    for route in app.routes:
        if isinstance(route, Mount) and route.path == "" and isinstance(route.app, FastAPI):
            route.app.add_exception_handler(404, _missing)


async def _missing(request: Request, error: Exception) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(_page(), status_code=404)
    detail = error.detail if isinstance(error, HTTPException) else "Not Found"
    return JSONResponse({"detail": detail}, status_code=404)


def _page() -> str:
    places = [place for group in GROUPS for place in group.places]
    links = "".join(f'<li><a href="/{escape(place.path)}">{escape(place.name)}</a></li>' for place in places)
    return PAGE.format(mark=MARK, links=links)
