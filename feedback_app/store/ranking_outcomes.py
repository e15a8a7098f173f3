"""The outcomes of rankings without any text, for the leaderboard and to detect changes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, Select, func, select, union_all

from feedback_app.domain.comparison import ComparisonStatus, Ranking
from feedback_app.store.comparison_rows import MISFITS, texts
from feedback_app.store.counters import Counters
from feedback_app.store.database import Database
from feedback_app.store.tables import annotations, comparisons, rankings

MOST_IDS = 500
ROWS_AT_ONCE = 2_000
OWNER = "owner"
Groups = tuple[tuple[str, ...], ...]


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

    def newest_groups(self, limit: int) -> dict[str, Groups]:
        """Map the comparisons of the newest rankings to their groups, oldest first; empty if all replies are bad. The owner's
        rankings come before those of imports and others."""
        owner = (
            select(rankings.c.comparison_id, rankings.c.groups, rankings.c.all_bad)
            .where(rankings.c.annotator == OWNER)
            .order_by(rankings.c.created_at.desc(), rankings.c.comparison_id.desc())
        )
        others = (
            select(comparisons.c.id, rankings.c.groups, rankings.c.all_bad)
            .join_from(comparisons, rankings)
            .where(comparisons.c.status == ComparisonStatus.ranked.value)
            .order_by(comparisons.c.created_at.desc(), comparisons.c.id.desc())
        )
        newest: dict[str, Groups] = {}
        with self.database.read() as connection:
            for query in (owner, others):
                for key, groups, all_bad in connection.execute(query.limit(limit)):
                    newest.setdefault(key, () if all_bad else tuple(map(tuple, groups)))
        return dict(reversed(list(newest.items())[:limit]))

    def by_annotator(self) -> dict[str, int]:
        """How many rankings each annotator gave that is stored now."""
        counters = Counters(self.database)
        return dict(Counter(counters.by_bucket("annotators")) + Counter(counters.by_bucket("others")))

    def shared(self) -> Iterator[list[Ranking]]:
        """The readable rankings of each comparison that an annotator other than the owner ranked, without any text."""
        by_others = select(annotations.c.comparison_id)
        columns = ("comparison_id", "annotator", "groups", "all_bad")
        owner = select(*(rankings.c[name] for name in columns)).where(rankings.c.comparison_id.in_(by_others))
        everybody = union_all(select(*(annotations.c[name] for name in columns)), owner)
        with self.database.read() as connection:
            rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
                everybody.order_by("comparison_id")
            )
            for _, same in groupby(rows, key=attrgetter("comparison_id")):
                yield [ranking for row in same if (ranking := _ranking(row)) is not None]

    def ranked(self, ids: Sequence[str]) -> set[str]:
        """Those of the comparisons that have a ranking."""
        found: set[str] = set()
        with self.database.read() as connection:
            for i in range(0, len(ids), MOST_IDS):
                batch = rankings.c.comparison_id.in_(ids[i : i + MOST_IDS])
                found.update(connection.execute(select(rankings.c.comparison_id).where(batch)).scalars())
        return found

    def origins(self, ids: Sequence[str]) -> dict[str, Origin]:
        """Map the ids of existing comparisons to their origin."""
        columns = (comparisons.c.id, comparisons.c.source, comparisons.c.tags)
        origins: dict[str, Origin] = {}
        with self.database.read() as connection:
            for i in range(0, len(ids), MOST_IDS):
                query = select(*columns).where(comparisons.c.id.in_(ids[i : i + MOST_IDS]))
                origins |= {row[0]: Origin(row[1], tuple(row[2])) for row in connection.execute(query)}
        return origins


def _ranking(row: Row[Any]) -> Ranking | None:
    """None for an unreadable row."""
    try:
        return Ranking(tuple(map(texts, row.groups)), row.all_bad, annotator=row.annotator)
    except MISFITS:
        return None


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
