"""Reward models: list them, evaluate one, score replies."""

from collections.abc import Generator, Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from feedback_app.api.streams import begun
from feedback_app.domain.preference import RankedReplies, ranked_replies
from feedback_app.errors import FAILED, Invalid
from feedback_app.formats import jsonl, rankings, replies
from feedback_app.formats.errors import BadRecord, LineError, Problems, line_details
from feedback_app.formats.jsonl import Limits
from feedback_app.formats.replies import Replies
from feedback_app.services.reward.reward_models import (
    LoadedRewardModel,
    RewardModel,
    RewardModels,
    RewardModelUnavailable,
    score_all,
)

BATCH = 64
Name = Annotated[
    str, Query(description="Name of a reward model; the current one if left out.", max_length=200)
]


class UnusableLines(Invalid, ValueError):
    """A file with invalid lines; `errors` lists them."""

    exit_code = FAILED

    def __init__(self, problems: Problems) -> None:
        super().__init__(f"{problems.count} lines cannot be read: correct them, then try again")
        self.errors, self.total = problems.errors, problems.count

    def details(self) -> dict[str, object]:
        return line_details(self.errors, self.total)


class RewardModelBody(BaseModel):
    """`current`: in use. `evaluation`: its metrics on held-out rankings after training."""

    name: str
    created_at: datetime
    passed: bool
    current: bool
    evaluation: dict[str, Any]


def router(rewards: RewardModels) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/rewards", tags=["reward models"])

    @routes.get("", summary="List reward models")
    def listing() -> list[RewardModelBody]:
        """Newest first."""
        known = rewards.registry.all()
        current = rewards.current() if known else None
        return [_body(model, current) for model in known]

    @routes.post("/evaluate", summary="Evaluate a reward model")
    async def evaluate(request: Request, name: Name = "") -> dict[str, Any]:
        """Measures accuracy, calibration and correlation with length on the held-out rankings, or on those in the body (NDJSON, format
        `rankings`)."""
        body = await _body_of(request)
        return await run_in_threadpool(_evaluated, rewards, name, body)

    @routes.post("/score", response_class=StreamingResponse, summary="Score replies")
    async def score(request: Request, name: Name = "") -> StreamingResponse:
        """The body is NDJSON with lines `{"prompt" or "messages", "replies"}`. Each line is answered with its `rewards` (log odds,
        comparable between replies to one prompt), an invalid line with `{"line", "error"}`. A body without a valid line is refused.
        If scoring ends early, the last line is `{"error"}`."""
        body = await _body_of(request)
        _refuse_unusable(body)
        scorer = await run_in_threadpool(rewards.scorer, name)
        lines = await run_in_threadpool(begun, _scored(scorer, body))
        return StreamingResponse(_to_the_end(lines), media_type="application/x-ndjson")

    return routes


async def _body_of(request: Request) -> bytes:
    """Raises FileTooLarge."""
    body, limits = bytearray(), Limits()
    async for chunk in request.stream():
        body += chunk
        limits.check(len(body))
    return bytes(body)


def _body(model: RewardModel, current: RewardModel | None) -> RewardModelBody:
    return RewardModelBody(
        name=model.name,
        created_at=model.created_at,
        passed=model.manifest.passed,
        current=current is not None and current.name == model.name,
        evaluation=model.evaluation.record(),
    )


def _evaluated(rewards: RewardModels, name: str, body: bytes) -> dict[str, Any]:
    return rewards.report(name, _rankings(body) if body else None)


def _rankings(body: bytes) -> list[RankedReplies]:
    """Raises UnusableLines if any line is invalid."""
    problems = Problems()
    comparisons = list(jsonl.read([body], rankings.load, Limits(), problems))
    if problems.count:
        raise UnusableLines(problems)
    return [ranked for comparison in comparisons for ranked in ranked_replies(comparison)]


def _refuse_unusable(body: bytes) -> None:
    """Raises UnusableLines if no line is valid."""
    problems = Problems()
    for line in _read(body):
        if isinstance(line, Replies):
            return
        problems.add(line.line, line.reason)
    if problems.count:
        raise UnusableLines(problems)


def _to_the_end(lines: Generator[bytes, None, None]) -> Iterator[bytes]:
    """The lines. After the first one the status is sent, so an error becomes the last line."""
    try:
        yield from lines
    except RewardModelUnavailable as error:
        yield jsonl.dumped({"error": str(error)})


def _scored(scorer: LoadedRewardModel, body: bytes) -> Generator[bytes, None, None]:
    """Score in batches, in the order of the lines. Raises RewardModelUnavailable."""
    lines = _read(body)
    while batch := list(islice(lines, BATCH)):
        good = [one for one in batch if isinstance(one, Replies)]
        rewards = iter(score_all(scorer, [(one.prompt, one.replies) for one in good]))
        for one in batch:
            if isinstance(one, Replies):
                yield jsonl.dumped({**one.record, "rewards": next(rewards)})
            else:
                yield jsonl.dumped({"line": one.line, "error": one.reason})


def _read(body: bytes) -> Iterator[Replies | LineError]:
    """Each line, or its error."""
    unreadable = Problems()
    for number, line in jsonl.lines([body], Limits(), unreadable):
        try:
            yield replies.load(jsonl.parsed(line))
        except BadRecord as error:
            yield LineError(number, str(error))
    yield from unreadable.errors
