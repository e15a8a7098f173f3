"""What an import brings, of every kind, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.store.database import Database, Stored, unheard
from feedback_app.store.inserts import insert_comparisons
from feedback_app.store.tables import demonstrations as demonstration_rows
from feedback_app.store.tables import ratings as rating_rows
from feedback_app.store.unpaired import insert_unpaired


class _Undo(Exception):
    """Ends the transaction of a trial, which keeps nothing."""


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
        """Store all or none, and what the desks must be told; gives the number of new ones. With `keep` false it is only counted, and
        nothing is stored. Raises InvalidRanking."""
        added, shift = 0, len(comparisons)
        try:
            with self.database.write() as connection:
                added += insert_comparisons(connection, comparisons, desks, stored)
                if ratings:
                    added += insert_unpaired(connection, rating_rows, ratings, _from(stored, shift))
                if demonstrations:
                    shift += len(ratings)
                    added += insert_unpaired(
                        connection, demonstration_rows, demonstrations, _from(stored, shift)
                    )
                if not keep:
                    raise _Undo
        except _Undo:
            pass
        return added


def _from(stored: Stored, before: int) -> Stored:
    """Counts on from what is stored before."""
    return lambda done: stored(before + done)
