"""The whole HTTP API: REST, OpenAI-compatible, health and metrics, OpenAPI docs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from prometheus_client import CollectorRegistry

from feedback_app import __version__
from feedback_app.api import (
    comparisons,
    conversations,
    data,
    errors,
    health,
    leaderboard,
    missing,
    preferences,
    rankings,
    rewards,
    rounds,
    snapshots,
    status,
)
from feedback_app.api.edge import Edge
from feedback_app.api.openai import routes as openai_api
from feedback_app.domain.comparison import Sampling
from feedback_app.engines.base import Engine
from feedback_app.services.bundle import Services
from feedback_app.store import Store


def build_api(
    services: Services,
    store: Store,
    engine: Engine,
    sampling: Callable[[], Sampling],
    close: Callable[[], None],
) -> FastAPI:
    """The API without pages. `close` runs once it stops serving."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        close()

    api = FastAPIOffline(redoc_url=None, title="codeLynn", version=__version__, lifespan=lifespan)
    registry = CollectorRegistry()
    registry.register(health.StoreCollector(store))
    api.add_middleware(Edge)
    health.count_requests(api, registry)
    errors.install(api)
    routers = (
        comparisons.router(services.arena, services.live_reward),
        conversations.router(services.chat, lambda: services.default_persona),
        data.router(services.dataset),
        rankings.router(services.curation),
        preferences.router(services.preferences),
        snapshots.router(services.snapshots),
        rounds.rounds_router(services.rounds, services.estimates),
        rounds.checkpoints_router(services.models),
        leaderboard.router(services.leaderboard),
        rewards.router(services.reward_models),
        status.router(services),
        openai_api.router(
            engine, services.models, sampling, services.arena.planner.as_persona, services.best_of
        ),
        health.router(services.status, registry),
    )
    for router in (*routers, missing.router([route for one in routers for route in one.routes])):
        api.include_router(router)
    return api
