"""What a search asks for, as conditions on the index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    func,
    literal_column,
    select,
    text,
    true,
)

from feedback_app.store.search.documents import Facet
from feedback_app.store.search.tables import entries, facets, labels

Key = tuple[int, str]
"""(moment, id) of a comparison; the order of lists, newest first."""
FEW = 10_000
"""A condition with no more matches is read as a whole."""
TRIGRAM = 3
"""Shorter words are not in the index."""


@dataclass(frozen=True, slots=True)
class Driver:
    """A condition that the index can list: a query of the entry ids, and how many there are, at most FEW + 1."""

    ids: Select[Any]
    number: int


@dataclass(frozen=True, slots=True)
class Conditions:
    """`on_entries` are all conditions, to be checked on an entry; `rarest` lists the entries of the condition with the `fewest`.
    `facet` is the rarest facet, whose entries can be read in the order of time."""

    on_entries: Sequence[ColumnElement[bool]]
    rarest: Select[Any]
    fewest: int
    facet: int | None

    @property
    def only_driver(self) -> bool:
        """Whether the rarest facet is the only condition."""
        return self.facet is not None and len(self.on_entries) == 1

    def window(self, upto: int, size: int) -> Select[Any]:
        """(moment, id, whether it matches) of the next entries not newer than `upto`, newest first."""
        if self.facet is None:
            key = select(entries.c.id.label("entry_id"), entries.c.moment)
            key = key.where(entries.c.moment <= upto).order_by(entries.c.moment.desc())
        else:
            key = select(labels.c.entry_id, labels.c.moment)
            key = key.where(labels.c.facet_id == self.facet, labels.c.moment <= upto)
            key = key.order_by(labels.c.moment.desc())
        near = key.limit(size).subquery()
        matched = and_(true(), *self.on_entries).label("matched")
        joined = near.join(entries, entries.c.id == near.c.entry_id)
        return (
            select(entries.c.moment, entries.c.comparison_id, matched)
            .select_from(joined)
            .order_by(entries.c.moment.desc())
        )

    def count(self) -> Select[Any]:
        """The number of entries that `window` goes through."""
        if self.facet is None:
            return select(func.count()).select_from(entries)
        return select(func.count()).select_from(labels).where(labels.c.facet_id == self.facet)


def conditions(connection: Connection, asked: Sequence[Facet], words: str) -> Conditions | None:
    """The conditions of a search; None if a facet is unknown, so that nothing matches. `words` are folded."""
    numbers = [_facet_id(connection, facet) for facet in asked]
    if None in numbers:
        return None
    by_facet = {number: _labelled(connection, number) for number in numbers if number is not None}
    drivers = list(by_facet.values())
    if len(words) >= TRIGRAM and (listed := _with_trigrams(connection, words)) is not None:
        drivers.append(listed)
    checks = [_has(number) for number in by_facet]
    if words:
        checks.append(_holds(connection, words))
    rarest = min(drivers, key=lambda driver: driver.number, default=Driver(select(entries.c.id), FEW + 1))
    facet = min(by_facet, key=lambda number: by_facet[number].number, default=None)
    return Conditions(checks, rarest.ids, rarest.number, facet)


def count_up_to(connection: Connection, query: Select[Any], most: int) -> int:
    """The number of rows, or `most` + 1 if there are more."""
    limited = query.limit(most + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(limited)).scalar_one())


def _facet_id(connection: Connection, facet: Facet) -> int | None:
    query = select(facets.c.id).where(facets.c.facet == facet[0], facets.c.value == facet[1])
    return connection.execute(query).scalar_one_or_none()


def _labelled(connection: Connection, facet: int) -> Driver:
    query = select(labels.c.entry_id).where(labels.c.facet_id == facet)
    return Driver(query, count_up_to(connection, query, FEW))


def _has(facet: int) -> ColumnElement[bool]:
    return (
        exists()
        .where(
            labels.c.facet_id == facet, labels.c.moment == entries.c.moment, labels.c.entry_id == entries.c.id
        )
        .correlate(entries)
    )


def _holds(connection: Connection, words: str) -> ColumnElement[bool]:
    if connection.dialect.name == "postgresql":
        return entries.c.body.contains(words, autoescape=True)
    return func.instr(entries.c.body, words) > 0


def _with_trigrams(connection: Connection, words: str) -> Driver | None:
    """The entries that may hold the words. None on PostgreSQL without the trigram index."""
    if connection.dialect.name == "postgresql":
        if not _has_trigram_index(connection):
            return None
        query = select(entries.c.id).where(_holds(connection, words))
    else:
        # Without positions (detail=none), FTS5 finds the entries with all trigrams; `_holds` checks that they stand in a row.
        query = (
            select(literal_column("rowid").label("id"))
            .select_from(text("search_trigrams"))
            .where(text("search_trigrams MATCH :trigrams"))
            .params(trigrams=trigrams(words))
        )
    return Driver(query, count_up_to(connection, query, FEW))


def trigrams(words: str) -> str:
    """All trigrams of the words, as an FTS5 query."""
    parts = dict.fromkeys(words[i : i + TRIGRAM] for i in range(len(words) - TRIGRAM + 1))
    return " AND ".join('"{}"'.format(part.replace('"', '""')) for part in parts)


def _has_trigram_index(connection: Connection) -> bool:
    query = text("SELECT 1 FROM pg_indexes WHERE indexname = 'ix_search_entries_body'")
    return connection.execute(query).first() is not None
