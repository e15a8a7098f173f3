"""Comparisons and their rankings."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from feedback_app.api.schemas import (
    ComparisonBody,
    ComparisonPage,
    ComparisonRequest,
    RankedBody,
    RankingRequest,
)
from feedback_app.api.streams import asker_of, whole
from feedback_app.domain.comparison import ComparisonStatus
from feedback_app.services.arena import Arena
from feedback_app.services.live import LiveTaste


def router(arena: Arena, live: LiveTaste) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/comparisons", tags=["comparisons"])

    @routes.post("", status_code=201)
    async def create(request: Request, body: ComparisonRequest) -> ComparisonBody:
        """Have two to four replies written to a prompt; blind: the models stay hidden until the ranking."""
        asker = asker_of(request)
        compared = await whole(
            request, asker, lambda: arena.compare(body.conversation(), body.n, body.models, asker)
        )
        return ComparisonBody.of(compared)

    @routes.get("")
    def page(
        status: ComparisonStatus | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> ComparisonPage:
        """Comparisons, newest first. Give `next_cursor` back as `cursor` for the following page."""
        found = arena.page(status, cursor, limit)
        return ComparisonPage(
            items=[ComparisonBody.of(item) for item in found.items], next_cursor=found.next_cursor
        )

    @routes.get("/{comparison_id}")
    def get(comparison_id: str) -> ComparisonBody:
        return ComparisonBody.of(arena.get(comparison_id))

    @routes.put("/{comparison_id}/ranking")
    def rank(comparison_id: str, body: RankingRequest) -> RankedBody:
        """Keep a verdict and reveal the models, and what was guessed. The same body again changes nothing."""
        ranked = arena.rank(comparison_id, body.value())
        return RankedBody.told(ranked, live.guess(ranked))

    @routes.delete("/{comparison_id}/ranking")
    def undo(comparison_id: str) -> ComparisonBody:
        """Take the verdict back; the comparison is open again."""
        return ComparisonBody.of(arena.undo(comparison_id))

    @routes.post("/{comparison_id}/skip")
    def skip(comparison_id: str) -> ComparisonBody:
        """Leave the comparison without a verdict."""
        arena.skip(comparison_id)
        return ComparisonBody.of(arena.get(comparison_id))

    return routes
