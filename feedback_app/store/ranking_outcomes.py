"""The outcomes of rankings without any text, for the leaderboard and to detect changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, func, select

from feedback_app.store.counters import Counters
from feedback_app.store.database import Database
from feedback_app.store.tables import annotations, comparisons, rankings

MOST_IDS = 500


@dataclass(frozen=True, slots=True)
class Origin:
    """The source and the tags of a comparison."""

    source: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RankingOutcomes:
    database: Database

    def fingerprint(self) -> int:
        """A number that grows with every change of a ranking, the owner's or another annotator's."""
        return Counters(self.database).totals(["changes"])["changes"]

    def counts(self, annotator: str = "") -> list[tuple[tuple[str, ...], int]]:
        """Distinct outcomes of comparisons (see `pairwise_outcomes`) with the number of comparisons each, sorted. Counts the
        rankings that count (see `Comparison.counted_rankings`), or those of one annotator."""
        with self.database.read() as connection:
            outcomes = Counter({(met,): number for met, number in connection.execute(_alike(annotator))})
            rows = connection.execute(_others(annotator))
            by_comparison = groupby(rows, key=attrgetter("comparison_id"))
            outcomes.update(tuple(sorted(row.met for row in group)) for _, group in by_comparison)
        return sorted(outcomes.items())

    def origins(self, ids: Sequence[str]) -> dict[str, Origin]:
        """Map the ids of existing comparisons to their origin."""
        columns = (comparisons.c.id, comparisons.c.source, comparisons.c.tags)
        origins: dict[str, Origin] = {}
        with self.database.read() as connection:
            for i in range(0, len(ids), MOST_IDS):
                query = select(*columns).where(comparisons.c.id.in_(ids[i : i + MOST_IDS]))
                origins |= {row[0]: Origin(row[1], tuple(row[2])) for row in connection.execute(query)}
        return origins


def _alike(annotator: str) -> Select[Any]:
    """The owner's rankings, one per comparison, counted by the database."""
    query = select(rankings.c.met, func.count().label("number")).where(rankings.c.met != "")
    return (query.where(rankings.c.annotator == annotator) if annotator else query).group_by(rankings.c.met)


def _others(annotator: str) -> Select[Any]:
    """The other annotators' rankings, grouped by comparison because they are not independent of each other."""
    table = annotations.c
    mine = table.annotator == annotator
    alone = table.comparison_id.not_in(select(rankings.c.comparison_id))
    query = select(table.comparison_id, table.met).where(table.met != "", mine if annotator else alone)
    return query.order_by(table.comparison_id)
