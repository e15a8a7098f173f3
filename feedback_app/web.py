"""The web service: the API, the pages at `/`, and the guard around both."""

from collections.abc import Callable

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from feedback_app.api import security
from feedback_app.api.app import build_api
from feedback_app.domain.comparison import Sampling
from feedback_app.engines.base import Engine
from feedback_app.services.bundle import Services
from feedback_app.store import Store
from feedback_app.ui.app import build_ui, mount_options, page_paths, page_routes
from feedback_app.ui.gradio_workarounds.mounting import mount
from feedback_app.ui.shared.navigation import answer_missing_pages
from feedback_app.ui.shared.templates import ROOMS


def build_web(
    services: Services,
    store: Store,
    engine: Engine,
    sampling: Callable[[], Sampling],
    rules: security.Access,
    close: Callable[[], None],
) -> FastAPI:
    """The ASGI app. It calls `close` when it stops."""
    api = build_api(services, store, engine, sampling, close)
    for routes in page_routes(services):
        api.include_router(routes)
    for room in ("arena", "data", "shared"):
        api.mount(f"/{room}/static", StaticFiles(directory=ROOMS / room / "static"), name=room)
    mount(api, build_ui(services), mount_options(rules.page_token))
    answer_missing_pages(api)
    api.add_middleware(security.Guard, rules=rules.with_pages(page_paths() | {"/docs"}))
    return api
