"""What the list of rankings on the Data page asks for: rankings as HTML. For the rest its script calls the public API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from feedback_app.api.rankings import Ids, RankingQuery
from feedback_app.domain.bodies import Body
from feedback_app.domain.comparison import InvalidRanking, Ranking
from feedback_app.domain.ranking_query import RankingSearch
from feedback_app.domain.text_rules import LONGEST_EDIT, LONGEST_NOTE, MOST_ASPECTS, MOST_TAGS
from feedback_app.domain.version_names import short_name
from feedback_app.services.arena.arena import Arena
from feedback_app.services.dataset.curation import Curation, Entry, checked_tags
from feedback_app.services.generation.versions import Models
from feedback_app.ui.data.rankings_forms import choices_html, groups_of
from feedback_app.ui.data.rankings_view import (
    consistency,
    deletion_question,
    detail,
    found_line,
    item,
    items,
    not_found,
    nothing,
)
from feedback_app.ui.data.view import counts_html


class Filters(RankingQuery):
    """The filters of the API, and the `id` of a comparison that the page's address names."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str = Field("", max_length=200)

    def wanted(self) -> RankingSearch:
        return RankingSearch(**{**self.model_dump(), "words": self.words.strip()})


class Search(Body):
    wanted: Filters = Field(default_factory=Filters)
    cursor: str | None = None


class Deletion(Ids):
    """`found`: instead of ids, how many a search found; `about`: that is an estimate."""

    found: int = Field(0, ge=0)
    about: bool = False


class RankingForm(Body):
    """`places` maps candidate ids to places from 1; equal places are a tie. It is empty where nothing was ranked."""

    places: dict[str, int] = Field(default_factory=dict)
    all_bad: bool = False
    aspects: list[str] = Field(default_factory=list, max_length=MOST_ASPECTS)
    note: str = Field("", max_length=LONGEST_NOTE)
    edit: str = Field("", max_length=LONGEST_EDIT)
    tags: list[str] = Field(default_factory=list, max_length=MOST_TAGS)

    @property
    def has_ranking(self) -> bool:
        """Whether anything but tags was filled in."""
        return self.all_bad or any((self.places, self.aspects, self.note.strip(), self.edit.strip()))

    def ranking(self) -> Ranking:
        groups = () if self.all_bad else groups_of(self.places)
        words = (tuple(self.aspects), self.note.strip(), self.edit.strip() or None)
        return Ranking(groups, self.all_bad, *words, source="data page")


@dataclass(frozen=True, slots=True)
class RankingRoutes:
    """The services that the list uses. Each answer holds the HTML of what changed."""

    curation: Curation
    arena: Arena
    models: Models

    def find(self, search: Search) -> dict[str, Any]:
        """One page of the list. Raises InvalidCursor."""
        wanted = search.wanted.wanted()
        page = self.curation.find(wanted, search.cursor)
        rows = items(page.entries, wanted)
        if not rows and search.cursor is None and page.next_cursor is None:
            rows = nothing() if wanted == RankingSearch() else not_found()
        line = found_line(page, wanted)
        shown = {"items": rows, "line": line, "next": page.next_cursor}
        return {**shown, "found": page.found, "estimated": page.estimated}

    def about(self) -> dict[str, Any]:
        """What depends on all rankings: the choices of the filters, the consistency of the owner, the counts of the page."""
        return {
            "counts": counts_html(self.arena.counts()),
            "choices": choices_html(self.curation.choices(), self._names()),
            "consistency": consistency(self.curation.consistency()),
        }

    def show(self, comparison_id: str) -> dict[str, Any]:
        """Raises ComparisonNotFound."""
        return self._shown(self.curation.get(comparison_id))

    def change(self, comparison_id: str, form: RankingForm) -> dict[str, Any]:
        """Save the form. Raises ComparisonNotFound, InvalidRanking, InvalidTag."""
        if form.has_ranking:
            candidates = {
                candidate.id for candidate in self.curation.get(comparison_id).comparison.candidates
            }
            if not form.all_bad and candidates != set(form.places):
                raise InvalidRanking("give each reply a place, or choose all bad")
            checked_tags(form.tags)  # before anything is changed
            self.curation.edit(comparison_id, form.ranking())
        return self._shown(self.curation.tag(comparison_id, form.tags))

    def question(self, body: Deletion) -> dict[str, Any]:
        """What deleting these comparisons means, in words."""
        if body.found:
            return {"question": deletion_question(body.found, body.found, self.curation.desks, body.about)}
        deleted = self.curation.deletion(body.ids)
        return {"question": deletion_question(len(body.ids), len(deleted), self.curation.desks)}

    def again(self, comparison_id: str) -> dict[str, Any]:
        """Take the ranking back, so that the arena shows the comparison again. Raises ComparisonNotFound."""
        return {"id": self.curation.reopen(comparison_id)}

    def _shown(self, entry: Entry) -> dict[str, Any]:
        other = self.curation.other_time(entry.as_ranked)
        html = detail(entry, self.curation.guess(entry), other, self._names())
        return {"item": item(entry), "detail": html}

    def _names(self) -> Callable[[str], str]:
        """The current names of versions. Models of an import keep their names."""
        checkpoints = self.models.checkpoints()
        return lambda name: short_name(name, checkpoints)

    def router(self) -> APIRouter:
        """The routes below `/rankings`."""
        routes = APIRouter(prefix="/rankings", include_in_schema=False)
        routes.post("/find")(self.find)
        routes.get("/about")(self.about)
        routes.get("/c/{comparison_id}")(self.show)
        routes.put("/c/{comparison_id}")(self.change)
        routes.post("/c/{comparison_id}/again")(self.again)
        routes.post("/question")(self.question)
        return routes
