"""Comparisons and preference pairs as plain documents: dicts, lists and texts, as JSON holds them. Pure.

Exports of many records use them, because building one costs a tenth of building the objects of `comparison` and `preference`.
"""

from dataclasses import asdict
from operator import attrgetter
from typing import Any, NamedTuple

from feedback_app.domain.comparison import Candidate, Comparison, Message, Ranking, Sampling
from feedback_app.domain.preference import PreferencePair, better_and_worse, rewritten

Turns = list[dict[str, str]]
"""Messages, each with `role` and `content`."""


CANDIDATE = tuple(Candidate.__dataclass_fields__)
SAMPLING = tuple(Sampling.__dataclass_fields__)
of_candidate = attrgetter(*CANDIDATE)
of_sampling = attrgetter(*SAMPLING)


class ComparisonDocument(NamedTuple):
    """A comparison that is not damaged. Dates are ISO 8601 in UTC; candidates and rankings have the fields of their classes."""

    id: str
    created_at: str
    source: str
    persona: str
    tags: list[str]
    repeat_of: str | None
    selection: str
    messages: Turns
    candidates: list[dict[str, Any]]
    ranking: dict[str, Any] | None
    others: list[dict[str, Any]]


class PairDocument(NamedTuple):
    """A preference pair (see `PreferencePair`)."""

    prompt: Turns
    chosen: str
    rejected: str
    comparison_id: str = ""
    chosen_model: str = ""
    rejected_model: str = ""
    annotator: str = "owner"


def turns(messages: tuple[Message, ...]) -> Turns:
    return [{"role": message.role, "content": message.content} for message in messages]


def messages_of(documents: Turns) -> tuple[Message, ...]:
    """The messages of turns whose roles are valid."""
    return tuple(Message(turn["role"], turn["content"]) for turn in documents)  # type: ignore[arg-type]


def comparison_document(comparison: Comparison) -> ComparisonDocument:
    return ComparisonDocument(
        comparison.id,
        comparison.created_at.isoformat(),
        comparison.source,
        comparison.persona,
        list(comparison.tags),
        comparison.repeat_of,
        comparison.selection,
        turns(comparison.messages),
        list(map(candidate_document, comparison.candidates)),
        None if comparison.ranking is None else ranking_document(comparison.ranking),
        [ranking_document(other) for other in comparison.others],
    )


def candidate_document(candidate: Candidate) -> dict[str, Any]:
    """What `asdict` gives, in a tenth of the time."""
    document = dict(zip(CANDIDATE, of_candidate(candidate), strict=True))
    document["sampling"] = dict(zip(SAMPLING, of_sampling(candidate.sampling), strict=True))
    return document


def ranking_document(ranking: Ranking) -> dict[str, Any]:
    return asdict(ranking) | {"created_at": ranking.created_at.isoformat()}


def pair_document(pair: PreferencePair) -> PairDocument:
    return PairDocument(
        turns(pair.prompt),
        pair.chosen,
        pair.rejected,
        pair.comparison_id,
        pair.chosen_model,
        pair.rejected_model,
        pair.annotator,
    )


def pair_documents(comparison: ComparisonDocument) -> list[PairDocument]:
    """What `preference_pairs` gives for the comparison."""
    counted = comparison.others if comparison.ranking is None else (comparison.ranking,)
    return [pair for ranking in counted for pair in _pairs(comparison, ranking)]


def _pairs(comparison: ComparisonDocument, ranking: dict[str, Any]) -> list[PairDocument]:
    prompt, name, annotator = comparison.messages, comparison.id, ranking["annotator"]
    by_id = {candidate["id"]: candidate for candidate in reversed(comparison.candidates)}
    order = () if ranking["all_bad"] else better_and_worse(ranking["groups"])
    pairs = [
        PairDocument(
            prompt,
            (won := by_id[better])["text"],
            (lost := by_id[worse])["text"],
            name,
            won["model"],
            lost["model"],
            annotator,
        )
        for better, worse in order
    ]
    edit = ranking["edit"] and rewritten(ranking["edit"], [shown["text"] for shown in comparison.candidates])
    if edit:
        pairs += [
            PairDocument(prompt, edit, shown["text"], name, "", shown["model"], annotator)
            for shown in comparison.candidates
        ]
    return pairs


def edit_of(comparison: ComparisonDocument) -> str | None:
    """The owner's edit, if the ranking has one."""
    return None if comparison.ranking is None else comparison.ranking["edit"]
