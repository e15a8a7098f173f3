"""Converts comparisons to desk records and desk rankings to rankings. Pure."""

import hashlib
import json
import math
from dataclasses import replace
from datetime import UTC, datetime

from feedback_app.desks.base import OWNER, DeskRanking, DeskRecord
from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, InvalidRanking, Ranking
from feedback_app.domain.guess import Guess
from feedback_app.domain.text_rules import repaired

SCORER = "live-reward-model"
LEAST_CHANCE = 1e-6


def shown(comparison: Comparison) -> list[Candidate]:
    """The candidates in display order; desks name them by their position in it, from 1."""
    return sorted(comparison.candidates, key=lambda candidate: candidate.position)


def desk_record(comparison: Comparison, guess: Guess | None = None) -> DeskRecord:
    """The comparison with its ranking or, if it is open, with the live reward model's guess as scores."""
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
    """Log probabilities of the candidates in display order. As rewards, their differences are log odds."""
    chances = zip(comparison.candidates, guess.probabilities, strict=True)
    logs = {candidate.id: math.log(max(chance, LEAST_CHANCE)) for candidate, chance in chances}
    return tuple(logs[candidate.id] for candidate in shown(comparison))


def owner_ranking(comparison: Comparison) -> DeskRanking | None:
    """The comparison's ranking or skip as a desk would return it; None if there is neither."""
    if comparison.status is ComparisonStatus.skipped:
        return DeskRanking(comparison.id, OWNER, "discarded", at=comparison.created_at)
    ranking = comparison.ranking
    if ranking is None:
        return None
    places = {candidate.id: place for place, candidate in enumerate(shown(comparison), start=1)}
    order = tuple(tuple(sorted(places[name] for name in group)) for group in ranking.groups)
    more = (ranking.all_bad, ranking.aspects, ranking.note, ranking.edit)
    return DeskRanking(comparison.id, OWNER, "submitted", order, *more, at=ranking.created_at)


def ranking_of(desk_ranking: DeskRanking, comparison: Comparison, source: str) -> Ranking:
    """Convert a submitted desk ranking to a ranking of this comparison. Its texts are repaired, because nobody can be asked
    to write them again. Raises InvalidRanking."""
    names = [candidate.id for candidate in shown(comparison)]
    if any(not 1 <= place <= len(names) for group in desk_ranking.order for place in group):
        raise InvalidRanking("the ranking names a reply that this comparison does not have")
    return Ranking(
        groups=tuple(tuple(names[place - 1] for place in group) for group in desk_ranking.order),
        all_bad=desk_ranking.all_bad,
        aspects=tuple(map(repaired, desk_ranking.aspects)),
        note=repaired(desk_ranking.note),
        edit=None if desk_ranking.edit is None else repaired(desk_ranking.edit),
        annotator=desk_ranking.annotator,
        source=source,
        created_at=desk_ranking.at or datetime.now(UTC),
    )


def digest(ranking: DeskRanking | None) -> str:
    """A digest that is equal for equal rankings, whenever they were made; empty for None."""
    if ranking is None:
        return ""
    plain = replace(ranking, order=tuple(tuple(sorted(group)) for group in ranking.order))
    content = [
        plain.state,
        plain.order,
        plain.all_bad,
        sorted(plain.aspects),
        plain.note.strip(),
        (plain.edit or "").strip(),
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()
