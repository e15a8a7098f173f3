"""The owner's rankings afterwards: found again, tagged, taken out, brought back, deleted."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from feedback_app.api.schemas import ComparisonBody, RankingBody
from feedback_app.domain.text_rules import MOST_TAGS
from feedback_app.domain.wanted import Chosen, VerdictKind, Wanted
from feedback_app.services.curation import Consistency, Curation, Entry

MOST_IDS = 100_000
WORDS = "In the prompt, a reply, the note or the rewrite; in any case."


class Looked(BaseModel):
    """What is looked for; all of it must hold."""

    model_config = ConfigDict(extra="forbid")

    words: str = Field("", max_length=1000, description=WORDS)
    verdict: VerdictKind = ""
    source: str = Field("", max_length=200, description="Of the comparison or of its verdict.")
    version: str = Field("", max_length=200, description="Of a reply; finds only what was judged.")
    tag: str = Field("", max_length=200)
    aspect: str = Field("", max_length=200, description="A tone tag of the verdict.")
    chosen: Chosen = Field("", description="How the pair was chosen; finds only what was judged.")
    differs: bool = Field(False, description="Pairs that came back and were judged otherwise.")

    def wanted(self) -> Wanted:
        return Wanted(**self.model_dump(exclude={"cursor", "limit"}))


class PageLooked(Looked):
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=500)


class FoundBody(ComparisonBody):
    """`taken_out`: the verdict that no longer counts and can be brought back."""

    taken_out: RankingBody | None = None

    @classmethod
    def found(cls, entry: Entry) -> "FoundBody":
        shown = ComparisonBody.of(entry.comparison).model_dump()
        return cls(**shown, taken_out=ComparisonBody.of(entry.judged).ranking if entry.taken_out else None)


class FoundPage(BaseModel):
    """`found` in all, of which `items` are one page."""

    items: list[FoundBody]
    found: int
    next_cursor: str | None


class Ids(BaseModel):
    """Ids of comparisons."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(max_length=MOST_IDS)


class TagsBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tags: list[str] = Field(max_length=MOST_TAGS)


class ConsistencyBody(BaseModel):
    """Of `pairs` that came back, `judged` were judged apart both times and `same` of those the same way: a share between `low`
    and `high` (95 %). `ties`: a tie at least once. `differing`: not judged the same way."""

    pairs: int
    judged: int
    same: int
    low: float
    high: float
    ties: int
    differing: int

    @classmethod
    def of(cls, known: Consistency) -> "ConsistencyBody":
        same = known.repeated.same
        shares = {"judged": same.trials, "same": same.hits, "low": same.low, "high": same.high}
        return cls(pairs=known.pairs, ties=known.repeated.ties, differing=known.differing, **shares)


def router(curation: Curation) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["rankings"])

    @routes.get("/rankings")
    def find(looked: Annotated[PageLooked, Query()]) -> FoundPage:
        """Comparisons with all of this, newest first. Give `next_cursor` back as `cursor` for the following page."""
        found = curation.find(looked.wanted(), looked.cursor, looked.limit)
        shown = [FoundBody.found(entry) for entry in found.entries]
        return FoundPage(items=shown, found=found.found, next_cursor=found.next_cursor)

    @routes.get("/rankings/ids")
    def ids(looked: Annotated[Looked, Query()]) -> Ids:
        """The ids of all that are found, newest first."""
        return Ids.model_construct(ids=curation.ids(looked.wanted()))

    @routes.get("/rankings/consistency")
    def consistency() -> ConsistencyBody:
        """How often the owner judged a pair that came back the same way."""
        return ConsistencyBody.of(curation.consistency())

    @routes.post("/rankings/take-out")
    def take_out(body: Ids) -> Ids:
        """Verdicts no longer count, but are kept. Answers those that had one."""
        return Ids.model_construct(ids=curation.take_out(body.ids))

    @routes.post("/rankings/bring-back")
    def bring_back(body: Ids) -> Ids:
        """The very same verdicts count again. Answers those that were taken out."""
        return Ids.model_construct(ids=curation.bring_back(body.ids))

    @routes.post("/rankings/deletion", summary="What a deletion would delete")
    def deletion(body: Ids) -> Ids:
        """Answers all that `delete` would delete, and deletes nothing."""
        return Ids.model_construct(ids=curation.deletion(body.ids))

    @routes.post("/rankings/delete")
    def delete(body: Ids) -> Ids:
        """Prompts, replies and verdicts are gone for good, also of the same pairs where they came back. Answers all that went."""
        return Ids.model_construct(ids=curation.delete(body.ids))

    @routes.put("/comparisons/{comparison_id}/tags")
    def tag(comparison_id: str, body: TagsBody) -> FoundBody:
        """The owner's own labels, in place of those there were."""
        return FoundBody.found(curation.tag(comparison_id, body.tags))

    return routes
