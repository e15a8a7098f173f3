"""What verdicts and comparisons say without any text: for the leaderboard, and for what changed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, extract, func, select

from feedback_app.store.database import Database
from feedback_app.store.tables import annotations, comparisons, rankings

MOST_IDS = 500


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a comparison came from, and what it is about."""

    source: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RankingsFingerprint:
    """Changes when any verdict does; `rankings` counts those that decide and those of others."""

    rankings: int
    newest: tuple[Any, ...]
    sums: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RankingOutcomes:
    database: Database

    def fingerprint(self) -> RankingsFingerprint:
        """A verdict has a new date when it is changed: number, newest and sum of dates together tell."""
        found = []
        with self.database.read() as connection:
            for table in (rankings, annotations):
                date = table.c.created_at
                epochs = func.coalesce(func.sum(extract("epoch", date)), 0)
                found.append(connection.execute(select(func.count(), func.max(date), epochs)).one())
        counts, newest, sums = zip(*found, strict=True)
        return RankingsFingerprint(sum(counts), newest, tuple(map(int, sums)))

    def outcomes(self, annotator: str = "") -> list[tuple[tuple[str, ...], int]]:
        """What is said of comparisons (lines of `RankingOutcome`), and of how many each, by the verdicts that count (see
        `Comparison.verdicts`) or by those of one annotator; always in the same order."""
        with self.database.read() as connection:
            found = Counter({(met,): number for met, number in connection.execute(_alike(annotator))})
            rows = connection.execute(_others(annotator))
            said = groupby(rows, key=attrgetter("comparison_id"))
            found.update(tuple(sorted(row.met for row in of_one)) for _, of_one in said)
        return sorted(found.items())

    def origins(self, ids: Sequence[str]) -> dict[str, Origin]:
        """Of those comparisons that are here, by id."""
        columns, found = (comparisons.c.id, comparisons.c.source, comparisons.c.tags), dict[str, Origin]()
        with self.database.read() as connection:
            for i in range(0, len(ids), MOST_IDS):
                query = select(*columns).where(comparisons.c.id.in_(ids[i : i + MOST_IDS]))
                found |= {row[0]: Origin(row[1], tuple(row[2])) for row in connection.execute(query)}
        return found


def _alike(annotator: str) -> Select[Any]:
    """The owner's verdicts are outcome_line by the database: one on each comparison."""
    query = select(rankings.c.met, func.count().label("number")).where(rankings.c.met != "")
    return (query.where(rankings.c.annotator == annotator) if annotator else query).group_by(rankings.c.met)


def _others(annotator: str) -> Select[Any]:
    """Those of others stay together by comparison: they are not independent of each other."""
    table = annotations.c
    mine = table.annotator == annotator
    alone = table.comparison_id.not_in(select(rankings.c.comparison_id))
    query = select(table.comparison_id, table.met).where(table.met != "", mine if annotator else alone)
    return query.order_by(table.comparison_id)
