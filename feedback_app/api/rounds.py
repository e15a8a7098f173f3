"""Alignment rounds and checkpoints."""

from collections.abc import Generator
from threading import Event
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from feedback_app.api.schemas import (
    AheadBody,
    AliasChange,
    CheckpointBody,
    EstimateBody,
    EventBody,
    RoundBody,
    RoundDetail,
    RoundRequest,
    UsageBody,
)
from feedback_app.api.streams import until_gone
from feedback_app.domain.round import Round
from feedback_app.domain.text_rules import LARGEST_INTEGER
from feedback_app.services.generation.versions import Models
from feedback_app.services.rounds.estimate import Estimates
from feedback_app.services.rounds.rounds import Rounds


def rounds_router(rounds: Rounds, estimates: Estimates) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/rounds", tags=["rounds"])

    def detailed(round_: Round) -> RoundDetail:
        ahead = [
            AheadBody(id=one.id, method=one.method, state=one.state.value)
            for one in rounds.queued_before(round_)
        ]
        expected = estimates.expected(round_.method, round_.config)
        return RoundDetail(
            **RoundBody.of(round_).model_dump(),
            ahead=ahead,
            expected_seconds=expected.seconds if expected else None,
            expected_first=bool(expected and expected.first),
            usage=UsageBody.of(expected),
        )

    @routes.post("", status_code=202, summary="Start a round")
    def queue(body: RoundRequest) -> RoundDetail:
        """Queue a round that trains a new version on the current data. `method`: `dpo` learns from pairs, `kto` from ratings and
        pairs, `sft` from demonstrations, `rloo` and `ppo` from a reward model; `reward` trains a reward model."""
        return detailed(rounds.queue(body.method, body.config, body.parent))

    @routes.get("", summary="List rounds")
    def listing(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[RoundBody]:
        """Newest first."""
        return [RoundBody.of(item) for item in rounds.list(limit)]

    @routes.get("/estimate", summary="Estimate the duration of a round")
    def estimate(
        method: Annotated[str, Query(max_length=20)] = "dpo",
        reward: Annotated[bool, Query(description="Train a reward model first.")] = False,
        sft_first: Annotated[bool, Query(description="Learn from demonstrations first.")] = False,
        max_pairs: Annotated[int | None, Query(ge=1, description="Most examples to train on.")] = None,
    ) -> EstimateBody:
        """Based on the last round of this method here, scaled to the current data. Before the first one it is a rough upper bound."""
        most = {} if max_pairs is None else {"max_pairs": max_pairs}
        expected = estimates.expected(method, {"reward": reward, "sft_first": sft_first} | most)
        if expected is None:
            return EstimateBody()
        return EstimateBody(seconds=expected.seconds, first=expected.first, usage=UsageBody.of(expected))

    @routes.get("/{round_id}", summary="Get a round")
    def get(round_id: str) -> RoundDetail:
        """State, progress, time left and, once it has ended, the decision with each quality check. The first characters of the id are enough."""
        return detailed(rounds.get(round_id))

    _add_control(routes, rounds)
    return routes


def _add_control(routes: APIRouter, rounds: Rounds) -> None:
    """Routes that watch, cancel, resume and delete a round."""

    @routes.get("/{round_id}/events", response_class=StreamingResponse, summary="Follow a round")
    def events(
        round_id: str,
        after: Annotated[int, Query(ge=0, le=LARGEST_INTEGER)] = 0,
        last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST_INTEGER)] = None,
    ) -> StreamingResponse:
        """Server-sent events: `progress` for each step, `state` when the state changes. Ends with the round.

        A browser that reconnects sends `Last-Event-ID` and misses nothing.
        """
        rounds.get(round_id)
        left = Event()
        lines = _server_sent(rounds, round_id, after if last_event_id is None else last_event_id, left)
        return StreamingResponse(
            until_gone(lines, left.set), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    @routes.post("/{round_id}/cancel", summary="Cancel a round")
    def cancel(round_id: str) -> RoundBody:
        """A running round stops within seconds. It can be resumed later."""
        return RoundBody.of(rounds.cancel(round_id))

    @routes.post("/{round_id}/resume", summary="Resume a round")
    def resume(round_id: str) -> RoundBody:
        """Queue a failed or cancelled round again. Finished stages are kept."""
        return RoundBody.of(rounds.resume(round_id))

    @routes.delete("/{round_id}", status_code=204, summary="Delete a damaged round")
    def delete(round_id: str) -> None:
        """Only a damaged round that is not running can be deleted. The version that it made stays."""
        rounds.delete(round_id)


def _server_sent(rounds: Rounds, round_id: str, after: int, left: Event) -> Generator[str, None, None]:
    for current, event in rounds.follow(round_id, after, left=left):
        if event is not None:
            yield f"id: {event.seq}\nevent: progress\ndata: {EventBody.of(event).model_dump_json()}\n\n"
        else:
            yield f"event: state\ndata: {RoundBody.of(current).model_dump_json()}\n\n"


def checkpoints_router(models: Models) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["checkpoints"])

    @routes.get("/checkpoints", summary="List versions")
    def listing() -> list[CheckpointBody]:
        """Every trained version (checkpoint), newest first, with its aliases and the evidence of its quality checks."""
        aliases = models.aliases()
        return [CheckpointBody.of(checkpoint, aliases) for checkpoint in models.checkpoints()]

    @routes.get("/aliases", summary="List aliases")
    def aliases() -> dict[str, str]:
        """The version of each alias: `latest` and `champion`, and after a promotion also `previous` and `challenger`."""
        return models.aliases()

    @routes.post("/checkpoints/{name}/promote", summary="Use a version")
    def promote(name: str) -> AliasChange:
        """Make a version `latest` by hand, whatever its quality checks said. Arena and new chats use it at once."""
        before = models.resolve("latest")
        return AliasChange(previous=before, latest=models.promote(name, by="api"))

    @routes.delete("/checkpoints/{name}", status_code=204, summary="Delete a damaged version")
    def delete(name: str) -> None:
        """Only a damaged version that is neither in use nor the parent of another one can be deleted. Its folder stays."""
        models.delete(name)

    @routes.post("/rollback", summary="Switch back to the previous version")
    def rollback() -> AliasChange:
        """Undo the newest promotion. Arena and new chats use the previous version at once."""
        left, now = models.rollback(by="api")
        return AliasChange(previous=left, latest=now)

    return routes
