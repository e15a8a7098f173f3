"""Imported demonstrations and ratings: one reply each, without a comparison.

Edits (`Ranking.edit`) and ratings in a chat (`Turn.rating`) are not copied here: exports derive them.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.engine import RowMapping

from feedback_app.domain.comparison import Message
from feedback_app.domain.damage import UNREADABLE
from feedback_app.domain.documents import turns
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.store.comparison_rows import MISFITS, text_from
from feedback_app.store.counters import Counters
from feedback_app.store.database import BATCH, Database, Stored, insert_new, unheard
from feedback_app.store.tables import demonstrations, ratings

Kept = TypeVar("Kept", Demonstration, Rating)


@dataclass(frozen=True, slots=True)
class Demonstrations:
    database: Database

    def add_all(self, items: Sequence[Demonstration], stored: Stored = unheard) -> int:
        """Store all or none and return how many were new. The same content is stored once."""
        return _add(self.database, demonstrations, items, stored)

    def all(self) -> list[Demonstration]:
        """All of them, in the order in which they were stored."""
        return list(self.each())

    def each(self) -> Iterator[Demonstration]:
        """The same one by one. No transaction is held between batches."""
        return (Demonstration(*_texts(row), row["source"]) for row in _rows(self.database, demonstrations))

    def known(self, items: Sequence[Demonstration]) -> list[Demonstration]:
        """Those of the items that are stored, from whatever source."""
        return _known(self.database, demonstrations, items)

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
        return list(self.each())

    def each(self) -> Iterator[Rating]:
        """The same one by one. No transaction is held between batches."""
        return (Rating(*_texts(row), row["good"], row["source"]) for row in _rows(self.database, ratings))

    def known(self, items: Sequence[Rating]) -> list[Rating]:
        """Those of the items that are stored, from whatever source."""
        return _known(self.database, ratings, items)

    def count(self) -> int:
        return Counters(self.database).totals(["ratings"])["ratings"]


def _add(
    database: Database, table: Table, items: Sequence[Demonstration] | Sequence[Rating], stored: Stored
) -> int:
    with database.write() as connection:
        return len(insert_unpaired(connection, table, items, stored))


def insert_unpaired(
    connection: Connection,
    table: Table,
    items: Sequence[Demonstration] | Sequence[Rating],
    stored: Stored = unheard,
) -> list[int]:
    """Insert records in the caller's transaction and return the ids of the new ones."""
    documents = list(map(_document, items))
    rows = [{"digest": digest, **d} for digest, d in {_digest(d): d for d in documents}.items()]
    added: list[int] = []
    for i in range(0, len(rows), BATCH):
        stored(i)
        added += insert_new(connection, table, rows[i : i + BATCH], "id")
    stored(len(rows))
    return added


def _known(database: Database, table: Table, items: Sequence[Kept]) -> list[Kept]:
    """A digest is of the source too, so each source that occurs is tried."""
    known: list[Kept] = []
    with database.read() as connection:
        for source in _sources(connection, table):
            digests = {_digest(_document(item) | {"source": source}): item for item in items}
            for start in range(0, len(digests), BATCH):
                batch = table.c.digest.in_(list(digests)[start : start + BATCH])
                known += [
                    digests[name]
                    for name in connection.execute(select(table.c.digest).where(batch)).scalars()
                ]
    return known


def _sources(connection: Connection, table: Table) -> Iterator[str]:
    """The different sources, each found in the index after the one before it."""
    source = select(func.min(table.c.source))
    last = connection.execute(source).scalar()
    while last is not None:
        yield last
        last = connection.execute(source.where(table.c.source > last)).scalar()


def _document(item: Demonstration | Rating) -> dict[str, Any]:
    document = {"prompt": turns(item.prompt), "reply": item.reply, "source": item.source}
    return document | {"good": item.good} if isinstance(item, Rating) else document


def _digest(document: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _rows(database: Database, table: Table) -> Iterator[RowMapping]:
    last = 0
    while True:
        query = select(table).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
        with database.read() as connection:
            rows = connection.execute(query).mappings().all()
        if not rows:
            return
        yield from rows
        last = rows[-1]["id"]


def _texts(row: RowMapping) -> tuple[tuple[Message, ...], str]:
    """Prompt and reply. An unreadable row gives a damaged record, which exports and rounds leave out."""
    try:
        prompt = tuple(Message(one["role"], text_from(one["content"])) for one in row["prompt"])
        return prompt, text_from(row["reply"])
    except MISFITS:
        return (Message("user", UNREADABLE),), UNREADABLE
