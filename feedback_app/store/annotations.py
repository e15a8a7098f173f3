"""Rankings by annotators other than the owner: at most one per annotator and comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from feedback_app.domain.comparison import Comparison, Ranking, checked_ranking
from feedback_app.store.comparison_rows import annotation_from, ranking_row
from feedback_app.store.database import Database
from feedback_app.store.tables import annotations
from feedback_app.store.tables import comparisons as rows

BATCH = 500


@dataclass(frozen=True, slots=True)
class Annotations:
    database: Database

    def put(self, comparison: Comparison, ranking: Ranking) -> None:
        """Store an annotator's ranking and replace their earlier one. Raises InvalidRanking."""
        checked = checked_ranking(comparison, ranking)
        with self.database.write() as connection:
            _lock(connection, comparison.id)
            _delete(connection, comparison.id, ranking.annotator)
            connection.execute(insert(annotations).values(ranking_row(comparison, checked)))

    def remove(self, comparison_id: str, annotator: str) -> None:
        """Delete an annotator's ranking, if there is one."""
        with self.database.write() as connection:
            _lock(connection, comparison_id)
            _delete(connection, comparison_id, annotator)


def _lock(connection: Connection, comparison_id: str) -> None:
    """The counters of pairs depend on whether there is an owner's ranking, which must not come or go meanwhile."""
    connection.execute(select(rows.c.id).where(rows.c.id == comparison_id).with_for_update())


def _delete(connection: Connection, comparison_id: str, annotator: str) -> None:
    one = (annotations.c.comparison_id == comparison_id) & (annotations.c.annotator == annotator)
    connection.execute(delete(annotations).where(one))


def add_all(connection: Connection, comparisons: Sequence[Comparison]) -> None:
    """Store the other annotators' rankings of new comparisons, in the caller's transaction."""
    rows = [ranking_row(comparison, ranking) for comparison in comparisons for ranking in comparison.others]
    if rows:
        connection.execute(insert(annotations), rows)


def of(connection: Connection, comparison_ids: Sequence[str]) -> dict[str, tuple[Ranking, ...]]:
    """Map comparison ids to the other annotators' rankings, sorted by annotator name."""
    by_comparison: dict[str, tuple[Ranking, ...]] = {}
    for start in range(0, len(comparison_ids), BATCH):
        batch = annotations.c.comparison_id.in_(comparison_ids[start : start + BATCH])
        for row in connection.execute(
            select(annotations).where(batch).order_by(annotations.c.annotator)
        ).mappings():
            key = row["comparison_id"]
            by_comparison[key] = (*by_comparison.get(key, ()), annotation_from(row))
    return by_comparison
