"""Comparisons as desks see them, and what a desk says as a ranking of ours. Pure."""

import hashlib
import json
import math
from dataclasses import replace
from datetime import UTC, datetime

from feedback_app.desks.base import OWNER, DeskRanking, DeskRecord
from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, InvalidRanking, Ranking
from feedback_app.domain.guess import Guess
from feedback_app.domain.text_rules import mended

SCORER = "live-reward-model"
LEAST_CHANCE = 1e-6


def shown(comparison: Comparison) -> list[Candidate]:
    """The candidates in the order they were shown; desks name them by their place in it, from 1."""
    return sorted(comparison.candidates, key=lambda candidate: candidate.position)


def desk_record(comparison: Comparison, guess: Guess | None = None) -> DeskRecord:
    """The comparison with its deciding verdict, or else with what the live reward model expects."""
    ranking = comparison.ranking
    scores = _scores(comparison, guess) if guess and comparison.status is ComparisonStatus.open else ()
    return DeskRecord(
        comparison_id=comparison.id,
        messages=comparison.messages,
        candidates=tuple((candidate.id, candidate.text, candidate.model) for candidate in shown(comparison)),
        ranking=ranking.groups if ranking else None,
        all_bad=ranking.all_bad if ranking else False,
        aspects=ranking.aspects if ranking else (),
        note=ranking.note if ranking else "",
        edit=ranking.edit if ranking else None,
        annotator=ranking.annotator if ranking else "",
        created_at=ranking.created_at if ranking else comparison.created_at,
        skipped=comparison.status is ComparisonStatus.skipped,
        scores=scores,
        scorer=SCORER if scores else "",
    )


def _scores(comparison: Comparison, guess: Guess) -> tuple[float, ...]:
    """Log chances of the candidates in the order shown: as rewards, their differences are log odds."""
    chances = zip(comparison.candidates, guess.probabilities, strict=True)
    logs = {candidate.id: math.log(max(chance, LEAST_CHANCE)) for candidate, chance in chances}
    return tuple(logs[candidate.id] for candidate in shown(comparison))


def owner_ranking(comparison: Comparison) -> DeskRanking | None:
    """The deciding verdict, or the skip, as a desk would tell it."""
    if comparison.status is ComparisonStatus.skipped:
        return DeskRanking(comparison.id, OWNER, "discarded", at=comparison.created_at)
    ranking = comparison.ranking
    if ranking is None:
        return None
    places = {candidate.id: place for place, candidate in enumerate(shown(comparison), start=1)}
    order = tuple(tuple(sorted(places[name] for name in group)) for group in ranking.groups)
    more = (ranking.all_bad, ranking.aspects, ranking.note, ranking.edit)
    return DeskRanking(comparison.id, OWNER, "submitted", order, *more, at=ranking.created_at)


def ranking_of(verdict: DeskRanking, comparison: Comparison, source: str) -> Ranking:
    """A submitted verdict as a ranking of this comparison, its texts mended: nobody can be asked to write them anew. Raises
    InvalidRanking."""
    names = [candidate.id for candidate in shown(comparison)]
    if any(not 1 <= place <= len(names) for group in verdict.order for place in group):
        raise InvalidRanking("the ranking names a reply that this comparison does not have")
    return Ranking(
        groups=tuple(tuple(names[place - 1] for place in group) for group in verdict.order),
        all_bad=verdict.all_bad,
        aspects=tuple(map(mended, verdict.aspects)),
        note=mended(verdict.note),
        edit=None if verdict.edit is None else mended(verdict.edit),
        annotator=verdict.annotator,
        source=source,
        created_at=verdict.at or datetime.now(UTC),
    )


def digest(verdict: DeskRanking | None) -> str:
    """The same for verdicts that say the same, whenever it was said; empty for none."""
    if verdict is None:
        return ""
    plain = replace(verdict, order=tuple(tuple(sorted(group)) for group in verdict.order))
    said = [
        plain.state,
        plain.order,
        plain.all_bad,
        sorted(plain.aspects),
        plain.note.strip(),
        (plain.edit or "").strip(),
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=True).encode()).hexdigest()
