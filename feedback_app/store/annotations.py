"""Rankings by other annotators than the owner: one each on a comparison."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from feedback_app.domain.comparison import Comparison, Ranking, checked_ranking
from feedback_app.store.comparison_rows import annotation_from, ranking_row
from feedback_app.store.database import Database
from feedback_app.store.tables import annotations

BATCH = 500


@dataclass(frozen=True, slots=True)
class Annotations:
    database: Database

    def put(self, comparison: Comparison, ranking: Ranking) -> None:
        """Store an annotator's ranking, in place of the one they gave before. Raises InvalidRanking."""
        checked = checked_ranking(comparison, ranking)
        with self.database.write() as connection:
            _delete(connection, comparison.id, ranking.annotator)
            connection.execute(insert(annotations).values(ranking_row(comparison, checked)))

    def remove(self, comparison_id: str, annotator: str) -> None:
        """Take it back; nothing happens if there is none."""
        with self.database.write() as connection:
            _delete(connection, comparison_id, annotator)


def _delete(connection: Connection, comparison_id: str, annotator: str) -> None:
    one = (annotations.c.comparison_id == comparison_id) & (annotations.c.annotator == annotator)
    connection.execute(delete(annotations).where(one))


def add_all(connection: Connection, comparisons: Sequence[Comparison]) -> None:
    """The rankings of the others of new comparisons, in the caller's transaction."""
    rows = [ranking_row(comparison, ranking) for comparison in comparisons for ranking in comparison.others]
    if rows:
        connection.execute(insert(annotations), rows)


def of(connection: Connection, comparison_ids: Sequence[str]) -> dict[str, tuple[Ranking, ...]]:
    """Comparison id -> rankings of the others, by annotator's name."""
    found: dict[str, tuple[Ranking, ...]] = {}
    for start in range(0, len(comparison_ids), BATCH):
        wanted = annotations.c.comparison_id.in_(comparison_ids[start : start + BATCH])
        for row in connection.execute(
            select(annotations).where(wanted).order_by(annotations.c.annotator)
        ).mappings():
            found[row["comparison_id"]] = (*found.get(row["comparison_id"], ()), annotation_from(row))
    return found
