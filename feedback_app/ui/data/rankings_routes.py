"""What the list of rankings on the Data page asks the service for. Its own, and not for others: they have `/api/v1`."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from feedback_app.domain.bodies import Body
from feedback_app.domain.comparison import InvalidRanking, Ranking
from feedback_app.domain.ranking_query import RankingFilter, RankingSearch, SelectionFilter
from feedback_app.domain.text_rules import LONGEST_EDIT, LONGEST_NOTE, MOST_ASPECTS, MOST_TAGS
from feedback_app.domain.version_names import short_name
from feedback_app.services.bundle import Services
from feedback_app.services.dataset.curation import Entry, checked_tags
from feedback_app.ui.data.rankings_form import choices_html, groups_of
from feedback_app.ui.data.rankings_view import (
    NOT_FOUND,
    NOTHING,
    consistency,
    deletion_question,
    detail,
    found_line,
    item,
    items,
)
from feedback_app.ui.data.view import counts_html


class Looked(Body):
    """See `RankingSearch`."""

    id: str = Field("", max_length=200)
    words: str = Field("", max_length=1000)
    verdict: RankingFilter = ""
    source: str = Field("", max_length=200)
    version: str = Field("", max_length=200)
    tag: str = Field("", max_length=200)
    aspect: str = Field("", max_length=200)
    chosen: SelectionFilter = ""
    differs: bool = False

    def wanted(self) -> RankingSearch:
        fields = self.model_dump()
        return RankingSearch(**{**fields, "words": self.words.strip()})


class Search(Body):
    wanted: Looked = Looked()
    cursor: str | None = None


class Named(Body):
    ids: list[str] = Field(max_length=1_000_000)


class Change(Body):
    """`places`: candidate id -> place from 1, equal ones are a tie; empty where no verdict is given."""

    places: dict[str, int] = Field(default_factory=dict)
    all_bad: bool = False
    aspects: list[str] = Field(default_factory=list, max_length=MOST_ASPECTS)
    note: str = Field("", max_length=LONGEST_NOTE)
    edit: str = Field("", max_length=LONGEST_EDIT)
    tags: list[str] = Field(default_factory=list, max_length=MOST_TAGS)

    @property
    def judges(self) -> bool:
        said = (self.places, self.aspects, self.note.strip(), self.edit.strip())
        return self.all_bad or any(said)

    def ranking(self) -> Ranking:
        groups = () if self.all_bad else groups_of(self.places)
        words = (tuple(self.aspects), self.note.strip(), self.edit.strip() or None)
        return Ranking(groups, self.all_bad, *words, source="data page")


class RankingsDesk:
    """The answers, with the HTML of what is shown."""

    def __init__(self, services: Services) -> None:
        self._curation = services.curation
        self._arena = services.arena
        self._models = services.models

    def find(self, asked: Search) -> dict[str, Any]:
        """Raises InvalidCursor."""
        wanted = asked.wanted.wanted()
        found = self._curation.find(wanted, asked.cursor)
        empty = NOTHING if wanted == RankingSearch() else NOT_FOUND
        shown = items(found.entries, wanted) or (empty if asked.cursor is None else "")
        line = found_line(found.found, wanted)
        return {"items": shown, "found": found.found, "line": line, "next": found.next_cursor}

    def ids(self, wanted: Looked) -> dict[str, Any]:
        return {"ids": self._curation.ids(wanted.wanted())}

    def about(self) -> dict[str, Any]:
        """What there is to choose from, how far the owner agrees with themselves, and the page's counts."""
        return {
            "counts": counts_html(self._arena.counts()),
            "choices": choices_html(self._curation.choices(), self._names()),
            "consistency": consistency(self._curation.consistency()),
        }

    def show(self, comparison_id: str) -> dict[str, Any]:
        return self._shown(self._curation.get(comparison_id))

    def change(self, comparison_id: str, change: Change) -> dict[str, Any]:
        """Raises ComparisonNotFound, InvalidRanking, InvalidTag."""
        if change.judges:
            known = {candidate.id for candidate in self._curation.get(comparison_id).comparison.candidates}
            if not change.all_bad and known != set(change.places):
                raise InvalidRanking("give each reply a place, or choose all bad")
            checked_tags(change.tags)  # before anything is changed
            self._curation.edit(comparison_id, change.ranking())
        return self._shown(self._curation.tag(comparison_id, change.tags))

    def question(self, named: Named) -> dict[str, Any]:
        going = self._curation.deletion(named.ids)
        return {"question": deletion_question(len(named.ids), len(going), self._curation.desks)}

    def out(self, named: Named) -> dict[str, Any]:
        return {"ids": self._curation.take_out(named.ids)}

    def back(self, named: Named) -> dict[str, Any]:
        return {"ids": self._curation.bring_back(named.ids)}

    def again(self, comparison_id: str) -> dict[str, Any]:
        """Its verdict is taken back: the arena shows it open. Raises ComparisonNotFound."""
        return {"id": self._curation.reopen(comparison_id)}

    def delete(self, named: Named) -> dict[str, Any]:
        return {"ids": self._curation.delete(named.ids)}

    def _shown(self, entry: Entry) -> dict[str, Any]:
        other = self._curation.other_time(entry.as_ranked)
        told = detail(entry, self._curation.guess(entry), other, self._names())
        return {"item": item(entry), "detail": told}

    def _names(self) -> Callable[[str], str]:
        """What versions are called now; models of an import keep their names."""
        checkpoints = self._models.checkpoints()
        return lambda name: short_name(name, checkpoints)


def router(services: Services) -> APIRouter:
    """The routes below `/rankings`."""
    desk = RankingsDesk(services)
    routes = APIRouter(prefix="/rankings", include_in_schema=False)
    routes.post("/find")(desk.find)
    routes.post("/ids")(desk.ids)
    routes.get("/about")(desk.about)
    routes.get("/c/{comparison_id}")(desk.show)
    routes.put("/c/{comparison_id}")(desk.change)
    routes.post("/c/{comparison_id}/again")(desk.again)
    routes.post("/question")(desk.question)
    routes.post("/out")(desk.out)
    routes.post("/back")(desk.back)
    routes.post("/delete")(desk.delete)
    return routes
