"""What the index holds of a comparison: its searched texts and its facets. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Ranking
from feedback_app.domain.damage import DamagedMoment
from feedback_app.domain.ranking_query import RankingSearch, folded
from feedback_app.domain.text_rules import repaired

Facet = tuple[str, str]
"""(name of a filter, value)."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
UNWRITTEN = (ComparisonStatus.generating, ComparisonStatus.failed)
SEPARATOR = "\n"
"""Between two texts. A search for words that span it would find what no text says; `RankingSearch` words are one line."""


@dataclass(frozen=True, slots=True)
class Document:
    """`moment` in microseconds since 1970; `body` is folded."""

    moment: int
    body: str
    facets: frozenset[Facet]


def document(comparison: Comparison, withdrawn: Ranking | None) -> Document | None:
    """The document of a comparison with its withdrawn ranking, if any. None while its replies are not written."""
    if comparison.status in UNWRITTEN:
        return None
    texts = (folded(repaired(text)) for text in _texts(comparison, withdrawn))
    return Document(
        moment_of(comparison.created_at), SEPARATOR.join(texts), frozenset(_facets(comparison, withdrawn))
    )


def moment_of(created_at: datetime) -> int:
    """A date in microseconds since 1970. A damaged date is 0."""
    return 0 if isinstance(created_at, DamagedMoment) else (created_at - EPOCH) // MICROSECOND


def date_of(moment: int) -> datetime:
    return EPOCH + moment * MICROSECOND


def facets_of(wanted: RankingSearch) -> list[Facet]:
    """The facets that a search asks for."""
    asked = (
        ("verdict", wanted.verdict),
        ("source", wanted.source),
        ("version", wanted.version),
        ("tag", wanted.tag),
        ("aspect", wanted.aspect),
        ("chosen", wanted.chosen),
    )
    return [(name, value) for name, value in asked if value]


def _texts(comparison: Comparison, withdrawn: Ranking | None) -> Iterator[str]:
    """All texts but the system message, which is the same in every comparison of a persona. A ranking's words come last, so that
    ranking a comparison only appends to its document."""
    yield from (message.content for message in comparison.messages if message.role != "system")
    yield from (candidate.text for candidate in comparison.candidates)
    for ranking in filter(None, (comparison.ranking, withdrawn)):
        yield from filter(None, (ranking.note, ranking.edit))


def _facets(comparison: Comparison, withdrawn: Ranking | None) -> Iterator[Facet]:
    ranking = comparison.ranking
    excluded = withdrawn is not None and comparison.status is ComparisonStatus.skipped
    yield from (("verdict", verdict) for verdict in _verdicts(comparison, withdrawn))
    yield "source", comparison.source
    if ranking is not None:
        yield "source", ranking.source
    yield from (("tag", tag) for tag in comparison.tags)
    aspects = ranking.aspects if ranking is not None else withdrawn.aspects if withdrawn else ()
    yield from (("aspect", aspect) for aspect in aspects)
    if ranking is not None or excluded:
        yield from (("version", candidate.model) for candidate in comparison.candidates if candidate.model)
        yield "chosen", "came back" if comparison.repeat_of else comparison.selection


def _verdicts(comparison: Comparison, withdrawn: Ranking | None) -> Iterator[str]:
    ranking = comparison.ranking
    if ranking is not None:
        yield "all bad" if ranking.all_bad else "tie" if len(ranking.groups) == 1 else "ranked"
    if comparison.status is ComparisonStatus.skipped:
        yield "skipped" if withdrawn is None else "taken out"
    if comparison.status is ComparisonStatus.open:
        yield "waiting"
    if comparison.damaged or (withdrawn is not None and withdrawn.damaged):
        yield "damaged"
