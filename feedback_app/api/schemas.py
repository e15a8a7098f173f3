"""Bodies of the REST API, as DESIGN fixes them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator

from feedback_app.domain.bodies import Body
from feedback_app.domain.comparison import Comparison, Message, Ranking
from feedback_app.domain.expectation import Expected
from feedback_app.domain.guess import Guess
from feedback_app.domain.round import Checkpoint, Round, RoundEvent
from feedback_app.domain.text_rules import (
    LONGEST_CONVERSATION,
    LONGEST_EDIT,
    LONGEST_NAME,
    LONGEST_NOTE,
    LONGEST_SECONDS,
    MOST_ASPECTS,
)


class MessageBody(Body):
    role: Literal["system", "user", "assistant"]
    content: str

    def message(self) -> Message:
        return Message(self.role, self.content)


class ComparisonRequest(Body):
    """Either a `prompt` or the `messages` of a conversation that ends with the user's turn."""

    prompt: str | None = Field(None, max_length=LONGEST_CONVERSATION)
    messages: list[MessageBody] | None = Field(None, max_length=1000)
    n: int | None = Field(None, ge=2, le=4, description="Candidates; the service's default if left out.")
    models: list[str] = Field(
        default_factory=list, max_length=4, description="Versions or aliases that answer in turn."
    )

    @model_validator(mode="after")
    def one_of_both(self) -> "ComparisonRequest":
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give either `prompt` or `messages`")
        return self

    def conversation(self) -> list[Message]:
        if self.prompt is not None:
            return [Message("user", self.prompt)]
        return [message.message() for message in self.messages or []]


class RankingRequest(Body):
    """Groups of candidate ids, best first; a group of two or more is a tie."""

    ranking: list[list[str]] = Field(default_factory=list)
    all_bad: bool = False
    aspects: list[str] = Field(default_factory=list, max_length=MOST_ASPECTS)
    note: str = Field("", max_length=LONGEST_NOTE)
    edit: str | None = Field(None, max_length=LONGEST_EDIT)
    annotator: str = Field("owner", max_length=LONGEST_NAME)
    seconds: float | None = Field(None, ge=0, le=LONGEST_SECONDS)

    def value(self) -> Ranking:
        return Ranking(
            groups=tuple(tuple(group) for group in self.ranking),
            all_bad=self.all_bad,
            aspects=tuple(self.aspects),
            note=self.note,
            edit=self.edit or None,
            annotator=self.annotator,
            source="api",
            seconds=self.seconds,
        )


class CandidateBody(BaseModel):
    """`model` is null until the comparison is ranked."""

    id: str
    position: int
    text: str
    model: str | None = None


class RankingBody(BaseModel):
    ranking: list[list[str]]
    all_bad: bool
    aspects: list[str]
    note: str
    edit: str | None
    annotator: str
    source: str
    seconds: float | None
    created_at: datetime


class GuessBody(BaseModel):
    """The guess of the live reward model: the probability that each candidate is ranked first. `votes`: how many rankings it had learned from.
    Shown only after the comparison is ranked."""

    probabilities: dict[str, float]
    votes: int

    @classmethod
    def of(cls, guess: Guess, comparison: Comparison) -> "GuessBody":
        ids = [candidate.id for candidate in comparison.candidates]
        return cls(probabilities=dict(zip(ids, guess.probabilities, strict=True)), votes=guess.votes)


class ComparisonBody(BaseModel):
    id: str
    status: str
    source: str
    tags: list[str]
    messages: list[MessageBody]
    candidates: list[CandidateBody]
    ranking: RankingBody | None = None
    created_at: datetime
    damaged: bool = Field(
        False,
        description="The stored record is damaged: unreadable text is shown as �, an unreadable date as 1970-01-01.",
    )

    @classmethod
    def of(cls, comparison: Comparison) -> "ComparisonBody":
        revealed = comparison.ranking is not None
        return cls(
            id=comparison.id,
            status=comparison.status.value,
            source=comparison.source,
            tags=list(comparison.tags),
            messages=[MessageBody(role=m.role, content=m.content) for m in comparison.messages],
            candidates=[
                CandidateBody(id=c.id, position=c.position, text=c.text, model=c.model if revealed else None)
                for c in comparison.candidates
            ],
            ranking=_ranking(comparison.ranking),
            created_at=comparison.created_at,
            damaged=comparison.damaged,
        )


class RankedBody(ComparisonBody):
    """The answer to a ranking."""

    guess: GuessBody | None = None

    @classmethod
    def revealed(cls, comparison: Comparison, guess: Guess | None) -> "RankedBody":
        shown = None if guess is None else GuessBody.of(guess, comparison)
        return cls(**ComparisonBody.of(comparison).model_dump(), guess=shown)


class ComparisonPage(BaseModel):
    items: list[ComparisonBody]
    next_cursor: str | None


class RoundRequest(Body):
    method: str = "dpo"
    config: dict[str, Any] = Field(default_factory=dict)
    parent: str = "base"


class RoundBody(BaseModel):
    """`percent` and `seconds_left` refer to the whole round, `step` and `total` to the stage."""

    id: str
    method: str
    config: dict[str, Any]
    parent: str
    state: str
    stage: str
    step: int
    total: int
    percent: float
    seconds_left: float | None
    metrics: dict[str, float]
    attempt: int
    snapshot: str
    checkpoint: str | None
    decision: dict[str, Any] | None
    error: str
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    damaged: bool = Field(
        False, description="Holds what cannot be read in the database: a date counts as 1970-01-01."
    )

    @classmethod
    def of(cls, value: Round) -> "RoundBody":
        return cls.model_validate({**asdict(value), "state": value.state.value, "damaged": value.damaged})


class AheadBody(BaseModel):
    """A round that runs or waits before another one."""

    id: str
    method: str
    state: str


class UsageBody(BaseModel):
    """A round trains on `uses` of `available` `examples` (pairs, rated replies or demonstrations). `text` says which and why; it is empty
    where all are used."""

    examples: str
    uses: int
    available: int
    text: str

    @classmethod
    def of(cls, expected: Expected | None) -> "UsageBody | None":
        usage = expected and expected.usage
        return cls(**{name: getattr(usage, name) for name in cls.model_fields}) if usage else None


class RoundDetail(RoundBody):
    """`ahead`: the rounds before it in the queue. `expected_seconds`: its expected duration, based on the last such round here; null if
    unknown. `expected_first`: no such round has run here yet, so the duration is a rough upper bound. `usage`: how many examples it trains on,
    null where it trains on none."""

    ahead: list[AheadBody]
    expected_seconds: float | None
    expected_first: bool
    usage: UsageBody | None = None


class EstimateBody(BaseModel):
    """`seconds`: the expected duration; null if a setting is invalid or the base model is not prepared. `first`: no such round has run here
    yet, so the duration is a rough upper bound. `usage`: how many examples it would train on, null where it trains on none."""

    seconds: float | None = None
    first: bool = False
    usage: UsageBody | None = None


class EventBody(BaseModel):
    seq: int
    stage: str
    step: int
    total: int
    percent: float
    seconds_left: float | None
    metrics: dict[str, float]
    message: str
    at: datetime

    @classmethod
    def of(cls, event: RoundEvent) -> "EventBody":
        return cls.model_validate(asdict(event))


class CheckpointBody(BaseModel):
    name: str
    parent: str
    round_id: str | None
    method: str
    passed: bool
    aliases: list[str]
    manifest: dict[str, Any]
    created_at: datetime
    damaged: bool = Field(
        False, description="Holds what cannot be read in the database: a date counts as 1970-01-01."
    )

    @classmethod
    def of(cls, checkpoint: Checkpoint, aliases: dict[str, str]) -> "CheckpointBody":
        names = sorted(alias for alias, version in aliases.items() if version == checkpoint.name)
        return cls.model_validate({**asdict(checkpoint), "aliases": names, "damaged": checkpoint.damaged})


class AliasChange(BaseModel):
    """The version that `latest` named before, and now."""

    previous: str
    latest: str


def _ranking(ranking: Ranking | None) -> RankingBody | None:
    if ranking is None:
        return None
    fields = asdict(ranking)
    return RankingBody.model_validate({**fields, "ranking": fields.pop("groups")})
