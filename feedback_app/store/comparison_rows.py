"""Converts comparisons and rankings to rows and back. Pure."""

from dataclasses import fields, replace
from itertools import combinations
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.engine import RowMapping

from feedback_app.domain.comparison import (
    Candidate,
    Comparison,
    ComparisonStatus,
    InvalidRanking,
    Message,
    Ranking,
    Sampling,
    checked_ranking,
)
from feedback_app.domain.damage import UNREADABLE
from feedback_app.domain.documents import candidate_document, turns
from feedback_app.domain.pairwise_outcomes import outcome_line
from feedback_app.domain.preference import preference_pairs, prompt_key
from feedback_app.store.tables import comparisons, rankings

MISFITS = (AttributeError, InvalidRanking, KeyError, TypeError, ValueError)
"""What reading a row raises when its contents are not valid."""
NUMBERS = tuple(field.name for field in fields(Sampling))


def select_comparisons() -> Select[Any]:
    """Select comparisons with their ranking, if any, in columns named `ranking_…`."""
    ranking = [column.label(f"ranking_{column.name}") for column in rankings.c]
    return select(*comparisons.c, *ranking).select_from(comparisons.outerjoin(rankings))


def comparison_row(comparison: Comparison) -> dict[str, Any]:
    return {
        "id": comparison.id,
        "status": comparison.status.value,
        "source": comparison.source,
        "persona": comparison.persona,
        "tags": list(comparison.tags),
        "messages": turns(comparison.messages),
        "candidates": candidate_documents(comparison.candidates),
        "prompt_key": prompt_key(comparison.messages),
        "created_at": comparison.created_at,
        "repeat_of": comparison.repeat_of,
        "selection": comparison.selection,
    }


def candidate_documents(candidates: tuple[Candidate, ...]) -> list[dict[str, Any]]:
    return list(map(candidate_document, candidates))


def ranking_row(comparison: Comparison, ranking: Ranking) -> dict[str, Any]:
    """A row of `rankings` or `annotations`. `pairs` counts the informative preference pairs, `ties` the pairs of
    candidates that the ranking calls equal. An `all_bad` ranking has no ties."""
    tied = [] if ranking.all_bad else [len(list(combinations(group, 2))) for group in ranking.groups]
    return {
        "comparison_id": comparison.id,
        "groups": [list(group) for group in ranking.groups],
        "all_bad": ranking.all_bad,
        "aspects": list(ranking.aspects),
        "note": ranking.note,
        "edit": ranking.edit,
        "annotator": ranking.annotator,
        "source": ranking.source,
        "seconds": ranking.seconds,
        "created_at": ranking.created_at,
        "pairs": sum(
            pair.informative for pair in preference_pairs(replace(comparison, ranking=ranking, others=()))
        ),
        "ties": sum(tied),
        "met": outcome_line(comparison, ranking),
    }


def annotation_from(row: RowMapping) -> Ranking:
    """A ranking from a row of `annotations` or `withdrawn`. An unreadable row gives a damaged ranking, which ranks nothing."""
    try:
        return ranking_from(row)
    except MISFITS:
        origin = {"annotator": row["annotator"], "source": row["source"], "created_at": row["created_at"]}
        return Ranking((), all_bad=True, note=UNREADABLE, **origin)


def checked_import(comparison: Comparison) -> Comparison:
    """An imported comparison in its stored form. Raises InvalidRanking."""
    others = tuple(checked_ranking(comparison, ranking) for ranking in comparison.others)
    if comparison.ranking is None:
        return replace(comparison, others=others)
    ranking = checked_ranking(comparison, comparison.ranking)
    return replace(comparison, ranking=ranking, status=ComparisonStatus.ranked, others=others)


def comparison_from(row: RowMapping) -> Comparison:
    """A comparison from a row. An unreadable row gives a damaged comparison, which can be listed and deleted."""
    try:
        return _read(row)
    except MISFITS:
        placeholders = tuple(Candidate(f"c{i}", i, "", finish="imported") for i in (1, 2))
        unreadable = (Message("user", UNREADABLE),)
        return Comparison(
            unreadable, placeholders, row["id"], _status(row), row["source"], created_at=row["created_at"]
        )


def _status(row: RowMapping) -> ComparisonStatus:
    """The status of an unreadable row: skipped if it was ranked or its status is unknown, so that nobody is asked to rank it."""
    known = [status for status in ComparisonStatus if status != ComparisonStatus.ranked]
    return next((status for status in known if status == row["status"]), ComparisonStatus.skipped)


def _read(row: RowMapping) -> Comparison:
    """Raises one of MISFITS."""
    comparison = Comparison(
        messages=tuple(_message(document) for document in row["messages"]),
        candidates=tuple(_candidate(document) for document in row["candidates"]),
        id=row["id"],
        status=ComparisonStatus(row["status"]),
        source=row["source"],
        persona=row["persona"],
        tags=texts(row["tags"]),
        ranking=None if row["ranking_comparison_id"] is None else ranking_from(row, "ranking_"),
        created_at=row["created_at"],
        repeat_of=row["repeat_of"],
        selection=row["selection"],
    )
    if not comparison.messages or not comparison.candidates:
        raise ValueError("a comparison has a prompt and candidates")
    if comparison.ranking is not None and not _fits(comparison, comparison.ranking):
        raise ValueError("a ranking names every candidate once")
    return comparison


def with_others(comparison: Comparison, others: tuple[Ranking, ...]) -> Comparison:
    """Add the other annotators' rankings. A ranking that does not name every candidate once is marked as damaged."""
    return replace(
        comparison, others=tuple(each if _fits(comparison, each) else _misfit(each) for each in others)
    )


def _fits(comparison: Comparison, ranking: Ranking) -> bool:
    ranked_ids = sorted(name for group in ranking.groups for name in group)
    return ranked_ids == sorted(candidate.id for candidate in comparison.candidates)


def _misfit(ranking: Ranking) -> Ranking:
    return replace(ranking, groups=(), all_bad=True, note=UNREADABLE)


def _message(document: dict[str, Any]) -> Message:
    return Message(document["role"], text_from(document["content"]))


def _candidate(document: dict[str, Any]) -> Candidate:
    """Missing sampling numbers get their defaults."""
    known = {name: value for name, value in document["sampling"].items() if value is not None}
    sampling = Sampling(**{name: known[name] for name in NUMBERS if name in known})
    candidate = Candidate(**{**document, "sampling": sampling})
    for text in (candidate.id, candidate.model, candidate.text):
        text_from(text)
    return replace(candidate, position=int(candidate.position))


def text_from(value: Any) -> str:
    """Check that a stored value is a string. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Check that a stored value is a list of strings. Raises TypeError."""
    if not isinstance(value, list):
        raise TypeError("not a list")
    return tuple(map(text_from, value))


def ranking_from(row: RowMapping, prefix: str = "") -> Ranking:
    """A ranking from a row whose columns begin with `prefix`. Raises TypeError."""
    return Ranking(
        groups=tuple(map(texts, row[f"{prefix}groups"])),
        all_bad=row[f"{prefix}all_bad"],
        aspects=texts(row[f"{prefix}aspects"]),
        note=text_from(row[f"{prefix}note"]),
        edit=None if row[f"{prefix}edit"] is None else text_from(row[f"{prefix}edit"]),
        annotator=row[f"{prefix}annotator"],
        source=row[f"{prefix}source"],
        seconds=row[f"{prefix}seconds"],
        created_at=row[f"{prefix}created_at"],
    )
