"""The HTTP service: API, OpenAI-compatible API, health and metrics, and the pages at `/`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import gradio as gr
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from feedback_app import __version__
from feedback_app.api import comparisons, data, errors, health, openai_api, rounds, security
from feedback_app.domain.comparison import Sampling
from feedback_app.engines.base import Engine
from feedback_app.services.bundle import Services
from feedback_app.store import Store
from feedback_app.ui.app import build_ui, mount_options


def build_web(
    services: Services,
    store: Store,
    engine: Engine,
    sampling: Sampling,
    rules: security.Access,
    close: Callable[[], None],
) -> FastAPI:
    """The ASGI app. `close` runs once it stops serving."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        close()

    api = FastAPI(title="codeLynn", version=__version__, lifespan=lifespan)
    registry = CollectorRegistry()
    registry.register(health.StoreCollector(store))
    health.count_requests(api, registry)
    errors.install(api)
    for router in (
        comparisons.router(services.arena),
        data.router(services.data),
        rounds.rounds_router(services.rounds),
        rounds.checkpoints_router(services.models),
        rounds.leaderboard_router(services.leaderboard),
        openai_api.router(engine, services.models, sampling),
        health.router(services.status, registry),
    ):
        api.include_router(router)
    gr.mount_gradio_app(api, build_ui(services), path="/", **mount_options())
    api.add_middleware(security.Guard, rules=rules)
    return api
