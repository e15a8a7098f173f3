"""Repeats: pairs that the owner is asked to rank a second time."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Case, ColumnClause, FromClause, Select, Subquery, case, literal_column, select

from feedback_app.domain.repeats import RankedPair
from feedback_app.store.database import Database
from feedback_app.store.search.tables import entries, facets, labels
from feedback_app.store.tables import comparisons, rankings
from feedback_app.store.types import array_length, json_item

OWNER = "owner"
MOST_CANDIDATES = 500
"""Rankings among which a pair to repeat is looked for."""


@dataclass(frozen=True, slots=True)
class Repeats:
    database: Database

    def candidates(self, ago: int) -> list[tuple[str, str, tuple[str, ...]]]:
        """(id, prompt key, tags) of the comparisons that may be repeated, oldest ranking first: arena comparisons of two
        replies that the owner ranked at least `ago` comparisons ago, not all bad, neither a repeat nor repeated before. The
        newest MOST_CANDIDATES rankings before those are looked at."""
        repeat = comparisons.alias("repeat")
        again = select(repeat.c.id).where(repeat.c.repeat_of == comparisons.c.id)
        older = _older(ago)
        query = (
            select(comparisons.c.id, comparisons.c.prompt_key, comparisons.c.tags)
            .join_from(older, comparisons, comparisons.c.id == older.c.comparison_id)
            .where(comparisons.c.source == "arena", comparisons.c.repeat_of.is_(None), ~again.exists())
            .where(older.c.all_bad.is_(False), array_length(comparisons.c.candidates) == 2)
            .order_by(older.c.created_at, comparisons.c.id)
        )
        with self.database.read() as connection:
            return [(row[0], row[1], tuple(row[2])) for row in connection.execute(query)]

    def ranked_pairs(self) -> list[RankedPair]:
        """All pairs that are ranked twice, in any order, without damaged ones. In order of time, SQLite would read all comparisons."""
        original, repeat = comparisons.alias("original"), comparisons.alias("repeat")
        first, second = rankings.alias("first"), rankings.alias("second")
        choices = _choice(original, first).label("first"), _choice(repeat, second).label("second")
        query = (
            select(original.c.id.label("original"), repeat.c.id.label("repeat"), *choices)
            .select_from(repeat)
            .join(original, original.c.id == repeat.c.repeat_of)
            .join(first, first.c.comparison_id == original.c.id)
            .join(second, second.c.comparison_id == repeat.c.id)
            .where(repeat.c.repeat_of > "")  # which the index of repeat_of serves
            .where(original.c.id.not_in(_damaged()), repeat.c.id.not_in(_damaged()))
        )
        with self.database.read() as connection:
            pairs = [RankedPair(*row) for row in connection.execute(query)]
        return [pair for pair in pairs if pair.first and pair.second]


def _choice(comparison: FromClause, ranking: FromClause) -> Case[Any]:
    """See `domain.repeats.choice_of`; NULL where the row cannot be read."""
    zero: ColumnClause[Any] = literal_column("0")
    its_id: ColumnClause[Any] = literal_column("id")
    best = json_item(ranking.c.groups, zero, zero)
    first = json_item(comparison.c.candidates, zero, its_id)
    groups = array_length(ranking.c.groups)
    return case(
        (ranking.c.all_bad, "bad"), (groups == 1, "tie"), (best == first, "first"), (best != first, "other")
    )


def _damaged() -> Select[tuple[str]]:
    """The ids of damaged comparisons, as the search index knows them."""
    marked = select(entries.c.comparison_id).join_from(facets, labels).join(entries)
    return marked.where(facets.c.facet == "verdict", facets.c.value == "damaged")


def _older(ago: int) -> Subquery:
    """The newest rankings of the owner, but for the last `ago`."""
    newest_first = (rankings.c.created_at.desc(), rankings.c.comparison_id.desc())
    owned = select(rankings.c.comparison_id, rankings.c.created_at, rankings.c.all_bad)
    owned = owned.where(rankings.c.annotator == OWNER).order_by(*newest_first)
    return owned.offset(ago).limit(MOST_CANDIDATES).subquery()
