"""Stored rankings: search, tag, exclude, include and delete them."""

from collections.abc import Generator
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from feedback_app.api.schemas import ComparisonBody, RankingBody
from feedback_app.api.streams import begun, until_gone
from feedback_app.domain.bodies import Body
from feedback_app.domain.ranking_query import RankingFilter, RankingSearch, SelectionFilter
from feedback_app.domain.text_rules import MOST_TAGS
from feedback_app.formats import jsonl
from feedback_app.services.dataset.bulk_changes import Action, change_all
from feedback_app.services.dataset.curation import Consistency, Curation, Entry, EntryPage

MOST_IDS = 1_000_000
WORDS = "Words in the prompt, a reply, the note or the rewrite; case is ignored."


class RankingQuery(BaseModel):
    """Filters; a comparison must match all of them."""

    model_config = ConfigDict(extra="forbid")

    words: str = Field("", max_length=1000, description=WORDS)
    verdict: RankingFilter = ""
    source: str = Field("", max_length=200, description="Where the comparison or its ranking came from.")
    version: str = Field(
        "", max_length=200, description="Version that wrote a reply. Finds only ranked comparisons."
    )
    tag: str = Field("", max_length=200)
    aspect: str = Field("", max_length=200, description="A tone tag of the ranking.")
    chosen: SelectionFilter = Field(
        "", description="How the pair was selected. Finds only ranked comparisons."
    )
    differs: bool = Field(False, description="Only repeated pairs with another choice the second time.")

    def wanted(self) -> RankingSearch:
        return RankingSearch(**self.model_dump(exclude={"cursor", "limit"}))


class RankingPageQuery(RankingQuery):
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=500)


class FoundBody(ComparisonBody):
    """`taken_out`: the ranking that is excluded and can be included again."""

    taken_out: RankingBody | None = None

    @classmethod
    def of_entry(cls, entry: Entry) -> "FoundBody":
        shown = ComparisonBody.of(entry.comparison).model_dump()
        return cls(**shown, taken_out=ComparisonBody.of(entry.as_ranked).ranking if entry.taken_out else None)


class FoundPage(BaseModel):
    """`items` is one page of the `found` comparisons. `estimated`: `found` is an estimate. `unindexed` comparisons are not in the search
    index yet and may be missing. A page can be short although it has a `next_cursor`: the search goes on there."""

    items: list[FoundBody]
    found: int
    next_cursor: str | None
    estimated: bool
    unindexed: int

    @classmethod
    def of(cls, page: EntryPage) -> "FoundPage":
        return cls(
            items=[FoundBody.of_entry(entry) for entry in page.entries],
            found=page.found,
            next_cursor=page.next_cursor,
            estimated=page.estimated,
            unindexed=page.unindexed,
        )


class Ids(Body):
    """Ids of comparisons."""

    ids: list[str] = Field(max_length=MOST_IDS)


class ChangeBody(Body):
    """`matching`: the filters of a search; without any, all rankings. `tags` are added by the action `tag`."""

    action: Action
    matching: RankingQuery
    tags: list[str] = Field(default_factory=list, max_length=MOST_TAGS)


class TagsBody(Body):
    tags: list[str] = Field(max_length=MOST_TAGS)


class ConsistencyBody(BaseModel):
    """Of the repeated `pairs`, `judged` had a preferred reply both times, and in `same` of these it was the same reply. `low` and `high`
    bound the 95 % interval of that share. `ties`: a tie at least once. `differing`: another choice the second time."""

    pairs: int
    judged: int
    same: int
    low: float
    high: float
    ties: int
    differing: int

    @classmethod
    def of(cls, known: Consistency) -> "ConsistencyBody":
        same = known.self_agreement.same
        shares = {"judged": same.trials, "same": same.hits, "low": same.low, "high": same.high}
        return cls(pairs=known.pairs, ties=known.self_agreement.ties, differing=known.differing, **shares)


def _changes(curation: Curation, body: ChangeBody) -> Generator[bytes, None, None]:
    """A line of progress after each batch. A complete change ends with a line that says so."""
    progress = None
    for progress in change_all(curation, body.matching.wanted(), body.action, body.tags):
        yield jsonl.dumped(asdict(progress))
    yield jsonl.dumped({**asdict(progress), "finished": True} if progress else {"finished": True})


def router(curation: Curation) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["rankings"])

    @routes.get("/rankings", summary="Search rankings")
    def find(query: Annotated[RankingPageQuery, Query()]) -> FoundPage:
        """Comparisons that match all given filters, newest first. For the next page, send `next_cursor` as `cursor`."""
        result = curation.find(query.wanted(), query.cursor, query.limit)
        return FoundPage.of(result)

    @routes.get("/rankings/ids", summary="List the ids of matching rankings")
    def ids(query: Annotated[RankingQuery, Query()]) -> Ids:
        """The ids of all comparisons that match the filters, newest first."""
        return Ids.model_construct(ids=curation.ids(query.wanted()))

    @routes.get("/rankings/consistency", summary="Get the agreement with repeated votes")
    def consistency() -> ConsistencyBody:
        """How often the owner made the same choice when a pair was repeated."""
        return ConsistencyBody.of(curation.consistency())

    @routes.post("/rankings/take-out", summary="Exclude rankings")
    def take_out(body: Ids) -> Ids:
        """Exclude rankings from training and statistics without deleting them. Answers the ids that had a ranking."""
        return Ids.model_construct(ids=curation.take_out(body.ids))

    @routes.post("/rankings/bring-back", summary="Include rankings again")
    def bring_back(body: Ids) -> Ids:
        """Include excluded rankings again, unchanged. Answers the ids that were excluded."""
        return Ids.model_construct(ids=curation.bring_back(body.ids))

    @routes.post("/rankings/deletion", summary="Preview a deletion")
    def deletion(body: Ids) -> Ids:
        """Answers the ids of everything that `delete` would delete. Deletes nothing."""
        return Ids.model_construct(ids=curation.deletion(body.ids))

    @routes.post("/rankings/delete", summary="Delete rankings permanently")
    def delete(body: Ids) -> Ids:
        """Delete prompts, replies and rankings, also of repeated pairs. This cannot be undone. Answers the ids of all that were deleted."""
        return Ids.model_construct(ids=curation.delete(body.ids))

    @routes.put("/comparisons/{comparison_id}/tags", summary="Set tags")
    def tag(comparison_id: str, body: TagsBody) -> FoundBody:
        """Replace the tags of a comparison."""
        return FoundBody.of_entry(curation.tag(comparison_id, body.tags))

    _add_change(routes, curation)
    return routes


def _add_change(routes: APIRouter, curation: Curation) -> None:
    @routes.post("/rankings/change", response_class=StreamingResponse, summary="Change all matching rankings")
    def change(body: ChangeBody) -> StreamingResponse:
        """Exclude, include, tag or delete every ranking that matches, in small steps. Answers a line of JSON after each: how many are
        `done` of about `total`, and how many `changed`. The last line has `finished`. Close the connection to stop; what was changed stays
        changed."""
        return StreamingResponse(
            until_gone(begun(_changes(curation, body))), media_type="application/x-ndjson"
        )
