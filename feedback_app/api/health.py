"""Liveness, readiness, metrics."""

import time

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feedback_app.services.system.status import Status
from feedback_app.store import Store


class StoreCollector(Collector):
    """Reads counts from the database at each scrape: numbers only, never text."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> list[GaugeMetricFamily]:
        comparisons = GaugeMetricFamily(
            "codelynn_comparisons", "Comparisons and pairs by kind.", labels=["kind"]
        )
        for kind, count in self._store.comparisons.counts().items():
            comparisons.add_metric([kind], count)
        outbox = GaugeMetricFamily(
            "codelynn_outbox", "Changes waiting to be sent to annotation desks.", labels=["state"]
        )
        for state, count in self._store.outbox.counts().items():
            outbox.add_metric([state], count)
        guesses = GaugeMetricFamily(
            "codelynn_guesses", "Guesses of the live reward model.", labels=["outcome"]
        )
        for outcome, count in self._store.guesses.counts().items():
            guesses.add_metric([outcome], count)
        return [comparisons, outbox, guesses]


def router(status: Status, registry: CollectorRegistry) -> APIRouter:
    routes = APIRouter(tags=["health"])

    @routes.get("/health/live")
    def live() -> dict[str, str]:
        return {"status": "alive"}

    @routes.get("/health/ready")
    def ready() -> JSONResponse:
        """200 if replies can be written and stored. Lists each part."""
        parts = status.parts()
        good = all(part.ok for part in parts if part.required)
        body = {
            "status": "ready" if good else "not ready",
            "parts": {
                part.name: {"ok": part.ok, "required": part.required, "detail": part.detail} for part in parts
            },
        }
        return JSONResponse(body, status_code=200 if good else 503)

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes


def count_requests(app: FastAPI, registry: CollectorRegistry) -> None:
    """Count API requests and their duration by route template, never by path: ids and queries stay out."""
    requests = Counter(
        "codelynn_http_requests", "Requests.", ["method", "route", "status"], registry=registry
    )
    seconds = Histogram(
        "codelynn_http_seconds", "Seconds to the first byte.", ["method", "route"], registry=registry
    )
    app.add_middleware(Counted, requests=requests, seconds=seconds)


class Counted:
    """ASGI middleware that only observes. Starlette's `BaseHTTPMiddleware` ends a broken body properly, so half an export would look
    complete."""

    def __init__(self, app: ASGIApp, requests: Counter, seconds: Histogram) -> None:
        self._app = app
        self._requests = requests
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "") or "page"
                self._requests.labels(scope["method"], route, message["status"]).inc()
                self._seconds.labels(scope["method"], route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, counted)
