"""Answers for unknown addresses and methods under `/api`. Without them the pages, which are mounted at `/`, would answer."""

from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Request
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]


def served_by(scope: Scope, routes: Sequence[BaseRoute]) -> list[str]:
    """The methods for which one of `routes` serves the address."""
    near = [route for route in routes if route.matches(scope)[0] == Match.PARTIAL]
    return sorted({method for route in near if isinstance(route, Route) for method in route.methods or ()})


def router(routes: Sequence[BaseRoute]) -> APIRouter:
    """The last route under `/api`: 405 if one of `routes` takes another method, else 404."""
    behind = APIRouter(prefix="/api")

    @behind.api_route("/{path:path}", methods=METHODS, include_in_schema=False)
    def nothing(request: Request) -> None:
        if allowed := served_by(dict(request.scope), routes):
            reason = f"{request.method} is not possible here: use {' or '.join(allowed)}"
            raise HTTPException(405, reason, {"Allow": ", ".join(allowed)})
        raise HTTPException(404, "nothing is served at this address: `/docs` lists what is")

    return behind
