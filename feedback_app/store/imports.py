"""Inserting new records: comparisons with their rankings, and imports in many short transactions.

`running_imports` names the imports that are not complete, and `imported_records` what each has stored so far, so that an
import that is cancelled or dies can be taken back.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.store import annotations as annotated
from feedback_app.store.comparison_rows import checked_import, comparison_row, ranking_row
from feedback_app.store.database import BATCH, Database, Stored, insert_new, unheard
from feedback_app.store.named_locks import named_lock
from feedback_app.store.outbox import announce
from feedback_app.store.tables import comparisons, imported_records, rankings, running_imports
from feedback_app.store.tables import demonstrations as demonstration_rows
from feedback_app.store.tables import ratings as rating_rows
from feedback_app.store.unpaired import insert_unpaired

LOCK = "import"
UNPAIRED = {"ratings": rating_rows, "demonstrations": demonstration_rows}


def insert_comparisons(
    connection: Connection, items: Sequence[Comparison], desks: Sequence[str] = (), stored: Stored = unheard
) -> list[str]:
    """Insert comparisons with their rankings in the caller's transaction; return the ids of the new ones. Raises InvalidRanking."""
    checked, added = [checked_import(comparison) for comparison in items], list[str]()
    for i in range(0, len(checked), BATCH):
        stored(i)
        added += _insert(connection, checked[i : i + BATCH], desks)
    stored(len(checked))
    return added


def _insert(connection: Connection, items: Sequence[Comparison], desks: Sequence[str]) -> list[str]:
    first = {comparison.id: comparison for comparison in reversed(items)}
    rows = [comparison_row(comparison) for comparison in first.values()]
    added = [first[name] for name in insert_new(connection, comparisons, rows, "id")]
    ranking_rows = [ranking_row(c, c.ranking) for c in added if c.ranking is not None]
    if ranking_rows:
        connection.execute(insert(rankings), ranking_rows)
    annotated.add_all(connection, added)
    announce(connection, [comparison.id for comparison in added], desks)
    return [comparison.id for comparison in added]


@dataclass(frozen=True, slots=True)
class Records:
    """A part of an import."""

    comparisons: Sequence[Comparison] = ()
    ratings: Sequence[Rating] = ()
    demonstrations: Sequence[Demonstration] = ()


@dataclass(frozen=True, slots=True)
class Imports:
    database: Database

    @contextmanager
    def turn(self, patience: float) -> Iterator[bool]:
        """One import stores at a time, in all processes. Yields whether it is this one's turn."""
        with named_lock(self.database.engine, LOCK, patience) as acquired:
            yield acquired

    def begin(self) -> str:
        """The id of a new import."""
        name = uuid4().hex
        with self.database.write() as connection:
            connection.execute(insert(running_imports).values(id=name))
        return name

    def add(self, import_id: str, records: Records, desks: Sequence[str] = ()) -> int:
        """Store what is new and return how much that is, in one short transaction. Raises InvalidRanking."""
        with self.database.write() as connection:
            new = [
                ("comparisons", name) for name in insert_comparisons(connection, records.comparisons, desks)
            ]
            for kind, items in (("ratings", records.ratings), ("demonstrations", records.demonstrations)):
                if items:
                    new += [(kind, str(key)) for key in insert_unpaired(connection, UNPAIRED[kind], items)]
            if new:
                rows = [{"import_id": import_id, "kind": kind, "key": key} for kind, key in new]
                connection.execute(insert(imported_records), rows)
        return len(new)

    def finish(self, import_id: str) -> None:
        """From now on the records stay."""
        with self.database.write() as connection:
            connection.execute(delete(running_imports).where(running_imports.c.id == import_id))

    def unfinished(self) -> list[str]:
        """Imports that are not complete."""
        with self.database.read() as connection:
            return list(connection.execute(select(running_imports.c.id)).scalars())

    def stored_by(self, import_id: str) -> list[tuple[int, str, str]]:
        """The next records that an import stored: number, kind and key."""
        table = imported_records.c
        query = select(table.id, table.kind, table.key).where(table.import_id == import_id)
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(table.id).limit(BATCH))
            return [(row[0], row[1], row[2]) for row in rows]

    def take_back(self, kind: str, keys: Sequence[str]) -> None:
        """Delete ratings or demonstrations that an import stored."""
        table = UNPAIRED[kind]
        with self.database.write() as connection:
            connection.execute(delete(table).where(table.c.id.in_([int(key) for key in keys])))

    def forget(self, numbers: Sequence[int]) -> None:
        """These records no longer belong to an import."""
        with self.database.write() as connection:
            connection.execute(delete(imported_records).where(imported_records.c.id.in_(numbers)))

    def forget_finished(self) -> bool:
        """Forget some of what complete imports stored; return whether there was any."""
        running = select(running_imports.c.id)
        some = (
            select(imported_records.c.id)
            .where(imported_records.c.import_id.not_in(running))
            .limit(20 * BATCH)
        )
        with self.database.write() as connection:
            gone = delete(imported_records).where(imported_records.c.id.in_(some))
            return connection.execute(gone).rowcount > 0

    def known_ids(self, ids: Sequence[str]) -> set[str]:
        """Which of these comparisons are here."""
        with self.database.read() as connection:
            return set(
                connection.execute(select(comparisons.c.id).where(comparisons.c.id.in_(ids))).scalars()
            )
