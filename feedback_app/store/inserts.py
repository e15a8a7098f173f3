"""New comparisons with their rankings, in the caller's transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection, insert

from feedback_app.domain.comparison import Comparison
from feedback_app.store import annotations as annotated
from feedback_app.store.comparison_rows import checked_import, comparison_row, ranking_row
from feedback_app.store.database import BATCH, Stored, insert_new, unheard
from feedback_app.store.outbox import announce
from feedback_app.store.tables import comparisons, rankings


def insert_comparisons(
    connection: Connection, items: Sequence[Comparison], desks: Sequence[str] = (), stored: Stored = unheard
) -> int:
    """In the caller's transaction; gives how many were new. Raises InvalidRanking."""
    checked, added = [checked_import(comparison) for comparison in items], 0
    for i in range(0, len(checked), BATCH):
        stored(i)
        added += _insert(connection, checked[i : i + BATCH], desks)
    stored(len(checked))
    return added


def _insert(connection: Connection, items: Sequence[Comparison], desks: Sequence[str]) -> int:
    first = {comparison.id: comparison for comparison in reversed(items)}
    rows = [comparison_row(comparison) for comparison in first.values()]
    added = [first[name] for name in insert_new(connection, comparisons, rows, "id")]
    verdicts = [ranking_row(c, c.ranking) for c in added if c.ranking is not None]
    if verdicts:
        connection.execute(insert(rankings), verdicts)
    annotated.add_all(connection, added)
    announce(connection, [comparison.id for comparison in added], desks)
    return len(added)
