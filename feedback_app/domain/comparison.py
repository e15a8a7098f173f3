"""Prompts, candidates, comparisons and rankings."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal
from uuid import uuid4

from feedback_app.domain.damage import damaged
from feedback_app.domain.text_rules import (
    LONGEST_CONVERSATION,
    LONGEST_EDIT,
    LONGEST_NOTE,
    MOST_ASPECTS,
    length_fault,
    name_fault,
    seconds_fault,
    text_fault,
)
from feedback_app.errors import FAILED, Invalid

ASPECTS = ("warmer", "shorter", "clearer", "funnier", "more honest", "more like me")


Role = Literal["system", "user", "assistant"]
Selection = Literal["random", "active", "named"]
Finish = Literal["stop", "length", "imported"]


class InvalidRanking(Invalid, ValueError):
    """A ranking that does not fit its comparison; the message says why, without any text of the candidates."""


class RepliesUnfinished(InvalidRanking):
    """The replies are still being written, so they cannot be ranked yet."""

    status = 409
    exit_code = FAILED


class InvalidPrompt(Invalid, ValueError):
    """A conversation that cannot be answered; the message says why."""


class PromptTooLong(InvalidPrompt):
    """The last message alone is more than the model can read; the message says by how much, where that is known."""


class LimitTooLarge(PromptTooLong):
    """More new tokens were asked for than the model has room for, whatever the prompt."""


SMALLEST = 1e-6
"""Temperatures, probabilities and penalties below this are taken as this: engines count in 32 bits, where less may be zero."""


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply was drawn. `top_k` 0 means no limit.

    Logits of tokens that the reply has already are divided by `repetition_penalty` if positive, else multiplied
    (Keskar et al. 2019, section 4.1); 1 does nothing.
    """

    temperature: float = 0.9
    top_p: float = 0.95
    top_k: int = 0
    max_new_tokens: int = 128
    repetition_penalty: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reply. `id` is unique within its comparison and says nothing about the model (votes are blind)."""

    id: str
    position: int
    model: str
    text: str = ""
    sampling: Sampling = Sampling()
    seed: int = 0
    latency_ms: int = 0
    finish: Finish | None = None

    @property
    def cut(self) -> bool:
        """Whether it met its limit of tokens before it came to its end."""
        return self.finish == "length"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Groups of candidate ids, best first; a group of two or more is a tie."""

    groups: tuple[tuple[str, ...], ...]
    all_bad: bool = False
    aspects: tuple[str, ...] = ()
    note: str = ""
    edit: str | None = None
    annotator: str = "owner"
    source: str = "arena"
    seconds: float | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def same_ranking(self, other: "Ranking") -> bool:
        """Whether both say the same, whenever and however long it took to say it."""
        return replace(self, created_at=other.created_at, seconds=other.seconds) == other

    @property
    def damaged(self) -> bool:
        """Whether a stored value of it cannot be read (see `domain/damage.py`)."""
        return damaged((self.note, self.edit, self.annotator, self.source, self.created_at, *self.aspects))


class ComparisonStatus(StrEnum):
    generating = "generating"
    open = "open"
    ranked = "ranked"
    skipped = "skipped"
    failed = "failed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A prompt (a conversation that ends with the user's turn) and its candidates, stored before it is shown.

    `ranking` is the one that counts: the owner's, or an imported one. `others` are rankings by other annotators
    at the desks, one each; readers that do not ask for them leave them out. `repeat_of` is the comparison whose pair is
    shown again here; `selection` says whether the replies are as drawn, chosen because their ranking teaches most,
    or `named`: whoever ranked them knew which version wrote which.
    """

    messages: tuple[Message, ...]
    candidates: tuple[Candidate, ...]
    id: str = field(default_factory=lambda: str(uuid4()))
    status: ComparisonStatus = ComparisonStatus.generating
    source: str = "arena"
    persona: str = ""
    tags: tuple[str, ...] = ()
    ranking: Ranking | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    others: tuple[Ranking, ...] = ()
    repeat_of: str | None = None
    selection: Selection = "random"

    @property
    def counted_rankings(self) -> tuple[Ranking, ...]:
        """The rankings that count: the deciding one where there is one, else those of the others."""
        return self.others if self.ranking is None else (self.ranking,)

    @property
    def damaged(self) -> bool:
        """The same of all that is in it."""
        replies = (text for c in self.candidates for text in (c.id, c.model, c.text))
        rankings = (ranking for ranking in (self.ranking, *self.others) if ranking is not None)
        own = (self.source, self.persona, self.selection, self.repeat_of, self.created_at)
        texts = (*(message.content for message in self.messages), *self.tags, *replies)
        return damaged((*own, *texts)) or any(ranking.damaged for ranking in rankings)

    def candidate(self, candidate_id: str) -> Candidate:
        """The candidate of that id. Raises InvalidRanking if this comparison has none."""
        for candidate in self.candidates:
            if candidate.id == candidate_id:
                return candidate
        raise InvalidRanking(f"this comparison has no candidate {candidate_id!r}")


def checked_prompt(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages, if they form a prompt: an optional system turn, then turns that end with the user's. Every text follows
    `text_rules`."""
    roles, texts = [message.role for message in messages], [message.content for message in messages]
    if fault := prompt_fault(roles, texts):
        raise InvalidPrompt(fault)
    return tuple(messages)


def prompt_fault(roles: Sequence[str], texts: Sequence[str]) -> str | None:
    """What is wrong with the turns of a prompt, as a sentence; None where nothing is."""
    if not roles or roles[-1] != "user":
        return "a prompt must end with the user's turn"
    if not texts[-1].strip():
        return "the prompt is empty: write something to answer"
    if "system" in roles[1:]:
        return "a system message may only come first"
    fault = _texts_fault(texts)
    return fault and f"the conversation {fault}"


def checked_texts(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages in whichever order, if every text follows `text_rules` and all of them are not too long. Raises
    InvalidPrompt."""
    if fault := _texts_fault([message.content for message in messages]):
        raise InvalidPrompt(f"the conversation {fault}")
    return tuple(messages)


def _texts_fault(texts: Sequence[str]) -> str | None:
    if sum(map(len, texts)) > LONGEST_CONVERSATION:
        return f"is longer than {LONGEST_CONVERSATION:,} characters"
    return next(filter(None, map(text_fault, texts)), None)


def checked_text(text: str, longest: int, name: str) -> str:
    """A text that a person wrote. Raises InvalidPrompt; `name` is what the text is, as the beginning of a sentence."""
    if fault := text_fault(text) or length_fault(text, longest):
        raise InvalidPrompt(f"{name} {fault}")
    return text


def checked_ranking(comparison: Comparison, ranking: Ranking) -> Ranking:
    """The ranking in its stored form: every candidate exactly once, every text and number as `text_rules` has it.

    `all_bad` needs no groups: it is stored as one tie of all candidates.
    """
    known = [candidate.id for candidate in comparison.candidates]
    groups = tuple(tuple(group) for group in ranking.groups if group)
    if ranking.all_bad and not groups:
        groups = (tuple(known),)
    named = [candidate_id for group in groups for candidate_id in group]
    for candidate_id in named:
        comparison.candidate(candidate_id)
    if len(named) != len(set(named)):
        raise InvalidRanking("the ranking names a candidate twice")
    if missing := [candidate_id for candidate_id in known if candidate_id not in named]:
        raise InvalidRanking(f"the ranking must name every candidate; missing: {', '.join(missing)}")
    if fault := ranking_fault(ranking):
        raise InvalidRanking(fault)
    return replace(ranking, groups=groups)


def ranking_fault(ranking: Ranking) -> str | None:
    """What is wrong with the words and the time of a ranking, as a sentence; None where nothing is."""
    edit = ranking.edit or ""
    faults = (
        ("the note", text_fault(ranking.note) or length_fault(ranking.note, LONGEST_NOTE)),
        ("the rewrite", text_fault(edit) or length_fault(edit, LONGEST_EDIT)),
        *(("a tone tag", name_fault(aspect)) for aspect in ranking.aspects),
        ("the annotator's name", name_fault(ranking.annotator)),
        ("the source", name_fault(ranking.source)),
        ("the time taken", seconds_fault(ranking.seconds)),
    )
    if len(ranking.aspects) > MOST_ASPECTS:
        return f"a ranking has at most {MOST_ASPECTS} tone tags"
    return next((f"{what} {fault}" for what, fault in faults if fault), None)
