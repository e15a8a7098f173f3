"""Imported demonstrations and ratings: one reply each, without a comparison.

Edits (`Ranking.edit`) and ratings in a chat (`Turn.rating`) are not copied here: exports derive them.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.engine import RowMapping

from feedback_app.domain.comparison import Message
from feedback_app.domain.damage import UNREADABLE
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.store.comparison_rows import MISFITS, text_from
from feedback_app.store.counters import Counters
from feedback_app.store.database import BATCH, Database, Stored, insert_new, unheard
from feedback_app.store.tables import demonstrations, ratings


@dataclass(frozen=True, slots=True)
class Demonstrations:
    database: Database

    def add_all(self, items: Sequence[Demonstration], stored: Stored = unheard) -> int:
        """Store all or none and return how many were new. The same content is stored once."""
        return _add(self.database, demonstrations, items, stored)

    def all(self) -> list[Demonstration]:
        """All of them, in the order in which they were stored."""
        return [Demonstration(*_texts(row), row["source"]) for row in _rows(self.database, demonstrations)]

    def count(self) -> int:
        return Counters(self.database).totals(["demonstrations"])["demonstrations"]


@dataclass(frozen=True, slots=True)
class Ratings:
    database: Database

    def add_all(self, items: Sequence[Rating], stored: Stored = unheard) -> int:
        """Store all or none and return how many were new. The same content is stored once."""
        return _add(self.database, ratings, items, stored)

    def all(self) -> list[Rating]:
        """All of them, in the order in which they were stored."""
        return [Rating(*_texts(row), row["good"], row["source"]) for row in _rows(self.database, ratings)]

    def count(self) -> int:
        return Counters(self.database).totals(["ratings"])["ratings"]


def _add(
    database: Database, table: Table, items: Sequence[Demonstration] | Sequence[Rating], stored: Stored
) -> int:
    with database.write() as connection:
        return insert_unpaired(connection, table, items, stored)


def insert_unpaired(
    connection: Connection, table: Table, items: Sequence[Demonstration] | Sequence[Rating], stored: Stored
) -> int:
    """Insert records in the caller's transaction and return how many were new."""
    documents = [asdict(item) for item in items]
    rows = [{"digest": digest, **d} for digest, d in {_digest(d): d for d in documents}.items()]
    added = 0
    for i in range(0, len(rows), BATCH):
        stored(i)
        added += len(insert_new(connection, table, rows[i : i + BATCH], "id"))
    stored(len(rows))
    return added


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _rows(database: Database, table: Table) -> Iterable[RowMapping]:
    with database.read() as connection:
        return connection.execute(select(table).order_by(table.c.id)).mappings().all()


def _texts(row: RowMapping) -> tuple[tuple[Message, ...], str]:
    """Prompt and reply. An unreadable row gives a damaged record, which exports and rounds leave out."""
    try:
        prompt = tuple(Message(one["role"], text_from(one["content"])) for one in row["prompt"])
        return prompt, text_from(row["reply"])
    except MISFITS:
        return (Message("user", UNREADABLE),), UNREADABLE
