"""The web service: the API, with the pages at `/` and the guard around both."""

import warnings
from collections.abc import Callable

import gradio as gr
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from feedback_app.api import security
from feedback_app.api.app import build_api
from feedback_app.domain.comparison import Sampling
from feedback_app.engines.base import Engine
from feedback_app.services.bundle import Services
from feedback_app.store import Store
from feedback_app.ui.app import arena_services, build_ui, mount_options, page_paths
from feedback_app.ui.arena import routes as arena_routes
from feedback_app.ui.data import rankings_routes
from feedback_app.ui.rounds import routes as round_routes
from feedback_app.ui.shared import routes as shell_routes
from feedback_app.ui.shared.not_found import tell_of_missing_pages
from feedback_app.ui.shared.theme import ROOMS


def build_web(
    services: Services,
    store: Store,
    engine: Engine,
    sampling: Callable[[], Sampling],
    rules: security.Access,
    close: Callable[[], None],
) -> FastAPI:
    """The ASGI app. `close` runs once it stops serving."""
    api = build_api(services, store, engine, sampling, close)
    api.include_router(arena_routes.router(arena_services(services)))
    api.include_router(rankings_routes.router(services))
    api.include_router(round_routes.router(services))
    api.include_router(shell_routes.router(services))
    for room in ("arena", "data", "shared"):
        api.mount(f"/{room}/static", StaticFiles(directory=ROOMS / room / "static"), name=room)
    with warnings.catch_warnings():
        # Said of every app with more than one page, also where server-side rendering is switched off, as here.
        warnings.filterwarnings("ignore", message="SSR mode is not supported")
        gr.mount_gradio_app(api, build_ui(services), path="/", **mount_options(rules.page_token))
    tell_of_missing_pages(api)
    api.add_middleware(security.Guard, rules=rules.with_pages(page_paths() | {"/docs"}))
    return api
