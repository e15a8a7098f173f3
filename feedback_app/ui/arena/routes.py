"""What the arena page asks the service for while it is open. Its own, and not for others: they have `/api/v1`."""

from datetime import datetime
from functools import cache
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from feedback_app.domain.bodies import Body
from feedback_app.domain.comparison import (
    Comparison,
    ComparisonStatus,
    InvalidPrompt,
    InvalidRanking,
    Message,
    Ranking,
)
from feedback_app.domain.text_rules import (
    LONGEST_CONVERSATION,
    LONGEST_EDIT,
    LONGEST_NOTE,
    LONGEST_SECONDS,
    MOST_ASPECTS,
)
from feedback_app.domain.version_names import version_name
from feedback_app.services.bundle import Services
from feedback_app.store import ComparisonNotFound
from feedback_app.ui.arena.board import board
from feedback_app.ui.arena.turns import go_on
from feedback_app.ui.arena.view import (
    Names,
    guess_line,
    repeat_line,
    verdict_line,
)
from feedback_app.ui.shared.readiness_view import readiness_line

RECENT = 20


class DrawRequest(Body):
    """What is drawn: an empty topic is any. `held` are the comparisons that the page has already."""

    topic: str = Field("", max_length=100)
    n: int = Field(2, ge=2, le=4)
    held: list[str] = Field(default_factory=list, max_length=20)


class OpenRequest(DrawRequest):
    """A prompt of the owner; None: one is drawn. `after` and `reply` name the conversation that goes on, and with what."""

    prompt: str | None = Field(None, max_length=LONGEST_CONVERSATION)
    after: str = ""
    reply: str = ""


class RankingBody(Body):
    """`groups` of candidate ids, best first."""

    groups: list[list[str]] = Field(default_factory=list)
    all_bad: bool = False
    aspects: list[str] = Field(default_factory=list, max_length=MOST_ASPECTS)
    note: str = Field("", max_length=LONGEST_NOTE)
    edit: str = Field("", max_length=LONGEST_EDIT)
    seconds: float | None = Field(None, ge=0, le=LONGEST_SECONDS)

    def ranking(self) -> Ranking:
        groups = tuple(map(tuple, self.groups))
        words = (tuple(self.aspects), self.note.strip(), self.edit.strip() or None)
        return Ranking(groups, self.all_bad, *words, seconds=self.seconds)


class ArenaDesk:
    """The answers: every one names its comparison, so that none can be taken for another."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._arena = services.arena

    def start(self, kind: DrawRequest, c: str = "") -> dict[str, Any]:
        """Where a refresh goes on: `c`, or else what waits for a verdict."""
        ready = self._services.prefetch.ready(kind.topic or None, kind.n)
        current = self._named(c) or next(iter(ready), None) or self._arena.unfinished(kind.topic or None)
        shown = self._board(current) if current else None
        held = kind.model_copy(update={"held": [current.id] if current else []})
        topics = self._arena.packs.topics(self._arena.interests())
        more = {"topics": topics, "undo": self._last_decided() is not None}
        return {"board": shown, "progress": self.progress(), **more, **self.ahead(held)}

    def ahead(self, kind: DrawRequest) -> dict[str, Any]:
        """What is ready beside what the page holds; one more is begun where some lack."""
        ahead, topic = self._services.prefetch, kind.topic or None
        ready = ahead.ready(topic, kind.n, kind.held)
        ahead.fill(topic, kind.n, kind.held[:1])
        return {"ahead": [self._board(comparison) for comparison in ready]}

    def open(self, asked: OpenRequest) -> dict[str, Any]:
        """Raises InvalidPrompt, InvalidRanking, ComparisonNotFound."""
        if asked.after:
            return self._board(self._arena.follow(asked.after, asked.reply, asked.prompt or "", asked.n))
        if asked.prompt is not None:
            return self._board(self._arena.open([Message("user", asked.prompt)], asked.n))
        drawn = self._services.pair_selection.open(asked.topic or None, asked.n)
        if drawn is None:
            raise InvalidPrompt(
                "no prompt in your languages has this topic: choose another topic or language, or write a prompt"
            )
        return self._board(drawn)

    def show(self, comparison_id: str) -> dict[str, Any]:
        return self._board(self._arena.growing(comparison_id))

    def rank(self, comparison_id: str, verdict: RankingBody) -> dict[str, Any]:
        """Raises ComparisonNotFound, InvalidRanking."""
        ranked = self._arena.rank(comparison_id, verdict.ranking())
        services, name = self._services, self._names()
        lines = (
            verdict_line(ranked, name),
            guess_line(ranked, services.live_reward.guess(ranked)),
            repeat_line(services.repeats.again(ranked)),
        )
        ways = go_on(ranked, name, self._arena.earlier(ranked))
        told = {"told": " ".join(filter(None, lines)), "go_on": ways}
        return {**told, "board": self._board(ranked), "progress": self.progress()}

    def undo(self, comparison_id: str) -> dict[str, Any]:
        reopened = self._arena.undo(comparison_id)
        return {"board": self._board(reopened), "progress": self.progress()}

    def undo_last(self) -> dict[str, Any]:
        """For a page that remembers no verdict. Raises InvalidRanking."""
        last = self._last_decided()
        if last is None:
            raise InvalidRanking("there is nothing to undo")
        return self.undo(last.id)

    def _last_decided(self) -> Comparison | None:
        """The newest among the last few."""
        decided = (ComparisonStatus.ranked, ComparisonStatus.skipped)
        newest = (c for c in self._arena.page(None, None, RECENT).items if c.source == "arena")
        return next((comparison for comparison in newest if comparison.status in decided), None)

    def skip(self, comparison_id: str) -> dict[str, Any]:
        self._arena.skip(comparison_id)
        return {"told": "Skipped.", "progress": self.progress()}

    def again(self, comparison_id: str) -> dict[str, Any]:
        return self._board(self._arena.again(comparison_id))

    def engine(self, comparison_id: str) -> dict[str, bool]:
        """Whether replies to it can be written now."""
        return {"answers": self._arena.answers(comparison_id)}

    def progress(self) -> str:
        return readiness_line(self._services.advisor.now())

    def _named(self, comparison_id: str) -> Comparison | None:
        """One that failed is shown again as long as it is known why."""
        try:
            found = self._arena.get(comparison_id) if comparison_id else None
        except ComparisonNotFound:
            return None
        if found is None or found.status is ComparisonStatus.skipped:
            return None
        failed = found.status is ComparisonStatus.failed
        return None if failed and self._arena.problem(found.id) is None else found

    def _board(self, comparison: Comparison) -> dict[str, Any]:
        earlier = self._arena.earlier(comparison)
        return board(comparison, self._names(), self._arena.problem(comparison.id), earlier)

    def _names(self) -> Names:
        """Names as of now, of versions that were read at the first one that is asked for."""
        models, now = self._services.models, datetime.now().astimezone()
        checkpoints = cache(models.checkpoints)
        return lambda version: version_name(version, checkpoints(), now)


def router(services: Services) -> APIRouter:
    """The routes below `/arena`."""
    desk = ArenaDesk(services)
    routes = APIRouter(prefix="/arena", include_in_schema=False)
    routes.post("/start")(desk.start)
    routes.post("/ahead")(desk.ahead)
    routes.post("/open")(desk.open)
    routes.post("/undo")(desk.undo_last)
    routes.get("/c/{comparison_id}")(desk.show)
    routes.get("/c/{comparison_id}/engine")(desk.engine)
    routes.put("/c/{comparison_id}/ranking")(desk.rank)
    routes.delete("/c/{comparison_id}/ranking")(desk.undo)
    routes.post("/c/{comparison_id}/skip")(desk.skip)
    routes.post("/c/{comparison_id}/again")(desk.again)
    return routes
