"""Repeats: pairs that the owner is asked to rank a second time."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.store.comparison_rows import comparison_from, select_comparisons
from feedback_app.store.database import Database
from feedback_app.store.tables import comparisons, rankings
from feedback_app.store.types import array_length

OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Repeats:
    database: Database

    def candidates(self, ago: int) -> list[tuple[str, str, tuple[str, ...]]]:
        """(id, prompt key, tags) of the comparisons that may be repeated, oldest ranking first: arena comparisons of two
        replies that the owner ranked at least `ago` comparisons ago, not all bad, neither a repeat nor repeated before."""
        again = select(comparisons.c.repeat_of).where(comparisons.c.repeat_of.is_not(None))
        query = (
            select(comparisons.c.id, comparisons.c.prompt_key, comparisons.c.tags)
            .join_from(comparisons, rankings)
            .where(_owned(), comparisons.c.id.in_(_older(ago)), comparisons.c.id.not_in(again))
            .where(comparisons.c.repeat_of.is_(None), rankings.c.all_bad.is_(False))
            .where(array_length(comparisons.c.candidates) == 2)
            .order_by(rankings.c.created_at, comparisons.c.id)
        )
        with self.database.read() as connection:
            return [(row[0], row[1], tuple(row[2])) for row in connection.execute(query)]

    def ranked_pairs(self) -> list[tuple[Comparison, Comparison]]:
        """(original, repeat) pairs where both are ranked, in the order of the repeats, without damaged ones."""
        ranked = comparisons.c.status == ComparisonStatus.ranked.value
        again = ranked & comparisons.c.repeat_of.is_not(None)
        repeated = select(comparisons.c.repeat_of).where(again)
        order = (comparisons.c.created_at, comparisons.c.id)
        with self.database.read() as connection:
            repeats = connection.execute(select_comparisons().where(again).order_by(*order)).mappings()
            repeated_comparisons = [comparison_from(row) for row in repeats]
            firsts = select_comparisons().where(ranked, comparisons.c.id.in_(repeated))
            originals = {row["id"]: comparison_from(row) for row in connection.execute(firsts).mappings()}
        pairs = [(originals[c.repeat_of], c) for c in repeated_comparisons if c.repeat_of in originals]
        return [pair for pair in pairs if not any(comparison.damaged for comparison in pair)]


def _owned() -> ColumnElement[bool]:
    return (comparisons.c.source == "arena") & (rankings.c.annotator == OWNER)


def _older(ago: int) -> Select[tuple[str]]:
    """All but the `ago` comparisons that the owner ranked last."""
    newest_first = (rankings.c.created_at.desc(), rankings.c.comparison_id.desc())
    owned = select(rankings.c.comparison_id).where(rankings.c.annotator == OWNER)
    place = func.row_number().over(order_by=newest_first).label("place")
    placed = owned.add_columns(place).subquery()
    return select(placed.c.comparison_id).where(placed.c.place > ago)
