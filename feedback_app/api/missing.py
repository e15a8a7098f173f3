"""Addresses and methods that are not served. The pages are mounted at `/`, and would answer everything that no route does."""

from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Request
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


def served_by(scope: Scope, routes: Sequence[BaseRoute]) -> list[str]:
    """The other methods by which `routes` serve the address."""
    near = [route for route in routes if route.matches(scope)[0] == Match.PARTIAL]
    return sorted({method for route in near if isinstance(route, Route) for method in route.methods or ()})


def router(routes: Sequence[BaseRoute]) -> APIRouter:
    """What comes behind all `routes` under `/api`: 405 where one of them takes another method, else 404."""
    behind = APIRouter(prefix="/api")

    @behind.api_route("/{path:path}", methods=METHODS, include_in_schema=False)
    def nothing(request: Request) -> None:
        if allowed := served_by(dict(request.scope), routes):
            told = f"{request.method} is not possible here: use {' or '.join(allowed)}"
            raise HTTPException(405, told, {"Allow": ", ".join(allowed)})
        raise HTTPException(404, "nothing is served at this address: `/docs` lists what is")

    return behind
