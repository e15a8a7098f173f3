"""Comparisons to rows and back. Pure."""

from dataclasses import asdict, replace
from itertools import combinations
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.engine import RowMapping

from feedback_app.domain.comparison import (
    Candidate,
    Comparison,
    ComparisonStatus,
    Message,
    Ranking,
    Sampling,
    checked_ranking,
)
from feedback_app.domain.duels import counted
from feedback_app.domain.preference import preference_pairs, prompt_key
from feedback_app.store.tables import comparisons, rankings


def select_comparisons() -> Select[Any]:
    """Every comparison with its ranking (columns named `ranking_…`), where it has one."""
    ranking = [column.label(f"ranking_{column.name}") for column in rankings.c]
    return select(*comparisons.c, *ranking).select_from(comparisons.outerjoin(rankings))


def comparison_row(comparison: Comparison) -> dict[str, Any]:
    return {
        "id": comparison.id,
        "status": comparison.status.value,
        "source": comparison.source,
        "persona": comparison.persona,
        "tags": list(comparison.tags),
        "messages": [asdict(message) for message in comparison.messages],
        "candidates": candidate_documents(comparison.candidates),
        "prompt_key": prompt_key(comparison.messages),
        "created_at": comparison.created_at,
        "repeat_of": comparison.repeat_of,
        "selection": comparison.selection,
    }


def candidate_documents(candidates: tuple[Candidate, ...]) -> list[dict[str, Any]]:
    return [asdict(candidate) for candidate in candidates]


def ranking_row(comparison: Comparison, ranking: Ranking) -> dict[str, Any]:
    """For `rankings` and `annotations` alike. `ties` are pairs of candidates that the ranking calls equal; `all_bad` has none."""
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
        "pairs": len(preference_pairs(replace(comparison, ranking=ranking, others=()))),
        "ties": sum(tied),
        "met": counted(comparison, ranking),
    }


def checked_import(comparison: Comparison) -> Comparison:
    """An imported comparison in its stored form. Raises InvalidRanking."""
    others = tuple(checked_ranking(comparison, ranking) for ranking in comparison.others)
    if comparison.ranking is None:
        return replace(comparison, others=others)
    ranking = checked_ranking(comparison, comparison.ranking)
    return replace(comparison, ranking=ranking, status=ComparisonStatus.ranked, others=others)


def comparison_from(row: RowMapping) -> Comparison:
    return Comparison(
        messages=tuple(Message(**message) for message in row["messages"]),
        candidates=tuple(_candidate(document) for document in row["candidates"]),
        id=row["id"],
        status=ComparisonStatus(row["status"]),
        source=row["source"],
        persona=row["persona"],
        tags=tuple(row["tags"]),
        ranking=None if row["ranking_comparison_id"] is None else ranking_from(row, "ranking_"),
        created_at=row["created_at"],
        repeat_of=row["repeat_of"],
        selection=row["selection"],
    )


def _candidate(document: dict[str, Any]) -> Candidate:
    return Candidate(**{**document, "sampling": Sampling(**document["sampling"])})


def ranking_from(row: RowMapping, prefix: str = "") -> Ranking:
    """A row of `rankings` or `annotations`, its columns named with `prefix`."""
    return Ranking(
        groups=tuple(tuple(group) for group in row[f"{prefix}groups"]),
        all_bad=row[f"{prefix}all_bad"],
        aspects=tuple(row[f"{prefix}aspects"]),
        note=row[f"{prefix}note"],
        edit=row[f"{prefix}edit"],
        annotator=row[f"{prefix}annotator"],
        source=row[f"{prefix}source"],
        seconds=row[f"{prefix}seconds"],
        created_at=row[f"{prefix}created_at"],
    )
