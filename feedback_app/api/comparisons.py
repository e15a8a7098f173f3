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
from feedback_app.services.arena.arena import Arena
from feedback_app.services.reward.live_reward import LiveRewardService


def router(arena: Arena, live: LiveRewardService) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/comparisons", tags=["comparisons"])

    @routes.post("", status_code=201, summary="Compare replies to a prompt")
    async def create(request: Request, body: ComparisonRequest) -> ComparisonBody:
        """Write two to four replies to a prompt. The models that wrote them stay hidden until the comparison is ranked."""
        caller = asker_of(request)
        compared = await whole(
            request, caller, lambda: arena.compare(body.conversation(), body.n, body.models, caller)
        )
        return ComparisonBody.of(compared)

    @routes.get("", summary="List comparisons")
    def page(
        status: ComparisonStatus | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> ComparisonPage:
        """Newest first. For the next page, send `next_cursor` as `cursor`."""
        result = arena.page(status, cursor, limit)
        return ComparisonPage(
            items=[ComparisonBody.of(item) for item in result.items], next_cursor=result.next_cursor
        )

    @routes.get("/{comparison_id}", summary="Get a comparison")
    def get(comparison_id: str) -> ComparisonBody:
        """One comparison with its replies. Models and ranking are shown once it is ranked."""
        return ComparisonBody.of(arena.get(comparison_id))

    @routes.put("/{comparison_id}/ranking", summary="Rank the replies")
    def rank(comparison_id: str, body: RankingRequest) -> RankedBody:
        """Save a ranking; the answer reveals the models and the guess of the live reward model. Sending the same body again changes nothing."""
        ranked = arena.rank(comparison_id, body.value())
        return RankedBody.revealed(ranked, live.guess(ranked))

    @routes.delete("/{comparison_id}/ranking", summary="Undo a ranking")
    def undo(comparison_id: str) -> ComparisonBody:
        """Remove the ranking. The comparison is open again."""
        return ComparisonBody.of(arena.undo(comparison_id))

    @routes.post("/{comparison_id}/skip", summary="Skip a comparison")
    def skip(comparison_id: str) -> ComparisonBody:
        """Mark the comparison as skipped, without a ranking."""
        arena.skip(comparison_id)
        return ComparisonBody.of(arena.get(comparison_id))

    return routes
