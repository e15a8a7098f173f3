"""Inserting new records: comparisons with their rankings, and whole imports in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.store import annotations as annotated
from feedback_app.store.comparison_rows import checked_import, comparison_row, ranking_row
from feedback_app.store.database import BATCH, Database, Stored, insert_new, unheard
from feedback_app.store.outbox import announce
from feedback_app.store.tables import comparisons, rankings
from feedback_app.store.tables import demonstrations as demonstration_rows
from feedback_app.store.tables import ratings as rating_rows
from feedback_app.store.unpaired import insert_unpaired


def insert_comparisons(
    connection: Connection, items: Sequence[Comparison], desks: Sequence[str] = (), stored: Stored = unheard
) -> int:
    """Insert comparisons with their rankings in the caller's transaction; return how many were new. Raises InvalidRanking."""
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
    ranking_rows = [ranking_row(c, c.ranking) for c in added if c.ranking is not None]
    if ranking_rows:
        connection.execute(insert(rankings), ranking_rows)
    annotated.add_all(connection, added)
    announce(connection, [comparison.id for comparison in added], desks)
    return len(added)


class _Undo(Exception):
    """Rolls the transaction of a dry run back."""


@dataclass(frozen=True, slots=True)
class Imports:
    database: Database

    def add_all(
        self,
        comparisons: Sequence[Comparison],
        ratings: Sequence[Rating],
        demonstrations: Sequence[Demonstration],
        desks: Sequence[str] = (),
        stored: Stored = unheard,
        keep: bool = True,
    ) -> int:
        """Store all records or none, queue them for the desks, and return how many were new. With `keep` false the
        records are only counted and nothing is stored. Raises InvalidRanking."""
        added, stored_before = 0, len(comparisons)
        try:
            with self.database.write() as connection:
                added += insert_comparisons(connection, comparisons, desks, stored)
                if ratings:
                    added += insert_unpaired(connection, rating_rows, ratings, _from(stored, stored_before))
                if demonstrations:
                    stored_before += len(ratings)
                    added += insert_unpaired(
                        connection, demonstration_rows, demonstrations, _from(stored, stored_before)
                    )
                if not keep:
                    raise _Undo
        except _Undo:
            pass
        return added


def _from(stored: Stored, before: int) -> Stored:
    """A progress callback that adds the number of records stored before."""
    return lambda done: stored(before + done)
