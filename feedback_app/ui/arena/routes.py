"""The routes of the Arena page: comparisons as HTML, ready to be shown. Other programs use `/api/v1/comparisons`."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from fastapi import APIRouter
from pydantic import AliasChoices, Field

from feedback_app.api.schemas import RankingRequest
from feedback_app.domain.bodies import Body
from feedback_app.domain.comparison import (
    Comparison,
    ComparisonStatus,
    InvalidPrompt,
    InvalidRanking,
    Message,
    Ranking,
)
from feedback_app.domain.text_rules import LONGEST_CONVERSATION
from feedback_app.domain.version_names import version_name
from feedback_app.services.arena.arena import Arena
from feedback_app.services.arena.pair_selection import PairSelection
from feedback_app.services.arena.prefetch import Prefetch
from feedback_app.services.arena.repeats import Repeats
from feedback_app.services.generation.versions import Models
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.services.rounds.readiness import RoundReadiness
from feedback_app.store import ComparisonNotFound
from feedback_app.ui.arena.board import board, ways_to_continue
from feedback_app.ui.arena.view import Names, guess_line, ranking_line, repeat_line
from feedback_app.ui.shared.readiness_view import readiness_line

RECENT = 20
"""How many of the newest comparisons are searched for the last vote."""


class DrawRequest(Body):
    """Which comparisons the page wants. An empty `topic` is any topic, `held` are the comparisons that the page has."""

    topic: str = Field("", max_length=100)
    n: int = Field(2, ge=2, le=4)
    held: list[str] = Field(default_factory=list, max_length=20)


class OpenRequest(DrawRequest):
    """`prompt` is the owner's; without one a prompt is drawn. `after` and `reply`: the comparison and the reply of it that the
    prompt answers."""

    prompt: str | None = Field(None, max_length=LONGEST_CONVERSATION)
    after: str = ""
    reply: str = ""


class PageRankingRequest(RankingRequest):
    """A vote. A page that version 0.1 served calls the ranking `groups`, and may send its vote after the upgrade."""

    ranking: list[list[str]] = Field(default_factory=list, validation_alias=AliasChoices("ranking", "groups"))

    def value(self) -> Ranking:
        ranking = super().value()
        edit = (ranking.edit or "").strip() or None
        return replace(ranking, note=ranking.note.strip(), edit=edit, source="arena")


@dataclass(frozen=True, slots=True)
class ArenaServices:
    """The services that the Arena page uses."""

    arena: Arena
    pair_selection: PairSelection
    prefetch: Prefetch
    live_reward: LiveRewardService
    repeats: Repeats
    models: Models
    readiness: RoundReadiness


class ArenaRoutes:
    """What each route answers. The page names a comparison in each request, so that an answer belongs to one comparison."""

    def __init__(self, services: ArenaServices) -> None:
        self._services = services
        self._arena = services.arena

    def start(self, wanted: DrawRequest, c: str = "") -> dict[str, Any]:
        """What a page shows that was just opened: the comparison `c`, or else one that waits for a ranking."""
        ready = self._services.prefetch.ready(wanted.topic or None, wanted.n)
        current = self._named(c) or next(iter(ready), None) or self._arena.unfinished(wanted.topic or None)
        held = wanted.model_copy(update={"held": [current.id] if current else []})
        return {
            "board": self._board(current) if current else None,
            "progress": self.progress(),
            "topics": self._arena.packs.topics(self._arena.interests()),
            "undo": self._last_decided() is not None,
            **self.prefetch(held),
        }

    def prefetch(self, wanted: DrawRequest) -> dict[str, Any]:
        """The comparisons that are ready, without those that the page has. Starts one more where some are missing."""
        prefetch, topic = self._services.prefetch, wanted.topic or None
        ready = prefetch.ready(topic, wanted.n, wanted.held)
        prefetch.fill(topic, wanted.n, wanted.held[:1])
        return {"ready": [self._board(comparison) for comparison in ready]}

    def open(self, wanted: OpenRequest) -> dict[str, Any]:
        """A new comparison. Raises InvalidPrompt, InvalidRanking, ComparisonNotFound."""
        if wanted.after:
            return self._board(self._arena.follow(wanted.after, wanted.reply, wanted.prompt or "", wanted.n))
        if wanted.prompt is not None:
            return self._board(self._arena.open([Message("user", wanted.prompt)], wanted.n))
        drawn = self._services.pair_selection.open(wanted.topic or None, wanted.n)
        if drawn is None:
            raise InvalidPrompt(
                "no prompt in your languages has this topic: choose another topic or language, or write a prompt"
            )
        return self._board(drawn)

    def show(self, comparison_id: str) -> dict[str, Any]:
        """The comparison, with as much of its replies as is written."""
        return self._board(self._arena.growing(comparison_id))

    def rank(self, comparison_id: str, body: PageRankingRequest) -> dict[str, Any]:
        """Save the vote; the answer names the models. Raises ComparisonNotFound, InvalidRanking."""
        ranked = self._arena.rank(comparison_id, body.value())
        services, name = self._services, self._names()
        lines = (
            ranking_line(ranked, name),
            guess_line(ranked, services.live_reward.guess(ranked)),
            repeat_line(services.repeats.repeat_outcome(ranked)),
        )
        return {
            "line": " ".join(filter(None, lines)),
            "ways": ways_to_continue(ranked, name, self._arena.earlier(ranked)),
            "board": self._board(ranked),
            "progress": self.progress(),
        }

    def undo(self, comparison_id: str) -> dict[str, Any]:
        """Remove the ranking; the comparison is open again."""
        reopened = self._arena.undo(comparison_id)
        return {"board": self._board(reopened), "progress": self.progress()}

    def undo_last(self) -> dict[str, Any]:
        """Undo the last vote, for a page that does not know which that was. Raises InvalidRanking."""
        last = self._last_decided()
        if last is None:
            raise InvalidRanking("there is nothing to undo")
        return self.undo(last.id)

    def skip(self, comparison_id: str) -> dict[str, Any]:
        """Skip the comparison without a ranking."""
        self._arena.skip(comparison_id)
        return {"line": "Skipped.", "progress": self.progress()}

    def again(self, comparison_id: str) -> dict[str, Any]:
        """New replies to the same prompt, as a new comparison."""
        return self._board(self._arena.regenerate(comparison_id))

    def engine(self, comparison_id: str) -> dict[str, bool]:
        """Whether the engine can write replies to this comparison now."""
        return {"answers": self._arena.answers(comparison_id)}

    def progress(self) -> str:
        """How far it is to the next round, as HTML."""
        return readiness_line(self._services.readiness.now())

    def _last_decided(self) -> Comparison | None:
        """The newest ranked or skipped comparison among the last few."""
        decided = (ComparisonStatus.ranked, ComparisonStatus.skipped)
        newest = (c for c in self._arena.page(None, None, RECENT).items if c.source == "arena")
        return next((comparison for comparison in newest if comparison.status in decided), None)

    def _named(self, comparison_id: str) -> Comparison | None:
        """The comparison in the page's address, unless it was skipped. A failed one only while the reason is known."""
        try:
            comparison = self._arena.get(comparison_id) if comparison_id else None
        except ComparisonNotFound:
            return None
        if comparison is None or comparison.status is ComparisonStatus.skipped:
            return None
        failed = comparison.status is ComparisonStatus.failed
        return None if failed and self._arena.problem(comparison.id) is None else comparison

    def _board(self, comparison: Comparison) -> dict[str, Any]:
        earlier = self._arena.earlier(comparison)
        return board(comparison, self._names(), self._arena.problem(comparison.id), earlier)

    def _names(self) -> Names:
        """Names of the versions as of now. The checkpoints are read when the first name is needed."""
        models, now = self._services.models, datetime.now().astimezone()
        checkpoints = cache(models.checkpoints)
        return lambda version: version_name(version, checkpoints(), now)


def router(services: ArenaServices) -> APIRouter:
    """The routes below `/arena`."""
    arena = ArenaRoutes(services)
    routes = APIRouter(prefix="/arena", include_in_schema=False)
    routes.post("/start")(arena.start)
    routes.post("/prefetch")(arena.prefetch)
    routes.post("/open")(arena.open)
    routes.post("/undo")(arena.undo_last)
    routes.get("/c/{comparison_id}")(arena.show)
    routes.get("/c/{comparison_id}/engine")(arena.engine)
    routes.put("/c/{comparison_id}/ranking")(arena.rank)
    routes.delete("/c/{comparison_id}/ranking")(arena.undo)
    routes.post("/c/{comparison_id}/skip")(arena.skip)
    routes.post("/c/{comparison_id}/again")(arena.again)
    return routes
