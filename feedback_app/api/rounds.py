"""Alignment rounds, checkpoints."""

from collections.abc import Generator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from feedback_app.api.schemas import (
    AliasChange,
    CheckpointBody,
    EventBody,
    RoundBody,
    RoundRequest,
)
from feedback_app.api.streams import until_gone
from feedback_app.domain.text_rules import LARGEST_INTEGER
from feedback_app.services.models import Models
from feedback_app.services.rounds import Rounds


def rounds_router(rounds: Rounds) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/rounds", tags=["rounds"])

    @routes.post("", status_code=202)
    def queue(body: RoundRequest) -> RoundBody:
        """Queue an alignment round on all that was said so far. `method`: `dpo` learns from pairs, `kto` from ratings and
        pairs, `sft` from demonstrations, `rloo` and `ppo` from a reward model; `reward` trains a reward model."""
        return RoundBody.of(rounds.queue(body.method, body.config, body.parent))

    @routes.get("")
    def listing(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[RoundBody]:
        return [RoundBody.of(item) for item in rounds.list(limit)]

    @routes.get("/{round_id}")
    def get(round_id: str) -> RoundBody:
        return RoundBody.of(rounds.get(round_id))

    @routes.get("/{round_id}/events", response_class=StreamingResponse)
    def events(
        round_id: str,
        after: Annotated[int, Query(ge=0, le=LARGEST_INTEGER)] = 0,
        last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST_INTEGER)] = None,
    ) -> StreamingResponse:
        """Server-sent events: `progress` for each step, `state` when the state changes. Ends with the round.

        A browser that comes back sends `Last-Event-ID` and misses nothing.
        """
        rounds.get(round_id)
        lines = _server_sent(rounds, round_id, after if last_event_id is None else last_event_id)
        return StreamingResponse(
            until_gone(lines), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    @routes.post("/{round_id}/cancel")
    def cancel(round_id: str) -> RoundBody:
        return RoundBody.of(rounds.cancel(round_id))

    @routes.post("/{round_id}/resume")
    def resume(round_id: str) -> RoundBody:
        """Queue a failed or cancelled round again; what it finished is kept."""
        return RoundBody.of(rounds.resume(round_id))

    return routes


def _server_sent(rounds: Rounds, round_id: str, after: int) -> Generator[str, None, None]:
    for current, event in rounds.follow(round_id, after):
        if event is not None:
            yield f"id: {event.seq}\nevent: progress\ndata: {EventBody.of(event).model_dump_json()}\n\n"
        else:
            yield f"event: state\ndata: {RoundBody.of(current).model_dump_json()}\n\n"


def checkpoints_router(models: Models) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["checkpoints"])

    @routes.get("/checkpoints")
    def listing() -> list[CheckpointBody]:
        """Every checkpoint, newest first, with its aliases and the evidence of its gate."""
        aliases = models.aliases()
        return [CheckpointBody.of(checkpoint, aliases) for checkpoint in models.checkpoints()]

    @routes.post("/checkpoints/{name}/promote")
    def promote(name: str) -> AliasChange:
        """Make a version the latest by hand, whatever its gate said."""
        before = models.resolve("latest")
        return AliasChange(previous=before, latest=models.promote(name, by="api"))

    @routes.post("/rollback")
    def rollback() -> AliasChange:
        """Bring the previous version back at once."""
        left, now = models.rollback(by="api")
        return AliasChange(previous=left, latest=now)

    return routes
