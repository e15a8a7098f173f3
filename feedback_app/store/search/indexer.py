"""Brings changed comparisons into the search index, a batch in a transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from feedback_app.domain.comparison import Comparison, Ranking
from feedback_app.store import annotations as annotated
from feedback_app.store.comparison_rows import (
    annotation_from,
    comparison_from,
    select_comparisons,
    with_others,
)
from feedback_app.store.database import Database, insert_new
from feedback_app.store.search.documents import Document, Facet, document
from feedback_app.store.search.tables import entries, facets, labels, pending, search_state
from feedback_app.store.tables import comparisons, withdrawn

BATCH = 1000
COMPACTION_PAGES = 200
"""Pages of the index that one step of a compaction may write: some 20 ms."""


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """`pending` comparisons are not in the index yet, or changed since they were; `entries` are in it."""

    pending: int
    entries: int


@dataclass(frozen=True, slots=True)
class Indexer:
    database: Database

    def progress(self) -> IndexProgress:
        with self.database.read() as connection:
            waiting = connection.execute(select(func.count()).select_from(pending)).scalar_one()
            indexed = connection.execute(select(func.count()).select_from(entries)).scalar_one()
        return IndexProgress(int(waiting), int(indexed))

    def step(self, most: int = BATCH) -> int:
        """Index the newest pending comparisons in one transaction; return how many."""
        with self.database.read() as connection:
            if connection.execute(select(pending.c.id).limit(1)).first() is None:
                return 0
        with self.database.write() as connection:
            ids = _take(connection, most)
            if ids:
                _index(connection, ids)
        return len(ids)

    def compact(self) -> bool:
        """One step towards an index that no longer holds the trigrams of removed texts; return whether more steps are needed."""
        if self.database.engine.dialect.name != "sqlite":
            return False
        with self.database.read() as connection:
            if not connection.execute(select(search_state.c.removed)).scalar():
                return False
        with self.database.write() as connection:
            before = _changes(connection)
            # A negative number makes FTS5 merge all of the index into one segment, as `optimize` does at once.
            connection.execute(
                text("INSERT INTO search_trigrams (search_trigrams, rank) VALUES ('merge', :pages)"),
                {"pages": -COMPACTION_PAGES},
            )
            if _changes(connection) - before >= 2:
                return True
            connection.execute(update(search_state).values(removed=0))
        return False


def _changes(connection: Connection) -> int:
    return int(connection.execute(text("SELECT total_changes()")).scalar_one())


def _take(connection: Connection, most: int) -> list[str]:
    """The ids of the newest pending comparisons, no longer pending. On PostgreSQL, comparisons that another transaction deletes
    are left for later: an entry written now would outlive them."""
    newest = select(pending.c.comparison_id).order_by(pending.c.id.desc()).limit(most)
    newest = newest.with_for_update(skip_locked=True)  # SQLite has one writer, and ignores it
    names = list(connection.execute(newest).scalars())
    held = select(comparisons.c.id).where(comparisons.c.id.in_(names))
    if connection.dialect.name == "postgresql":
        locked = set(
            connection.execute(held.with_for_update(read=True, key_share=True, skip_locked=True)).scalars()
        )
        alive = set(connection.execute(held).scalars())
        names = [name for name in names if name in locked or name not in alive]
    connection.execute(delete(pending).where(pending.c.comparison_id.in_(names)))
    return names


def _index(connection: Connection, ids: Sequence[str]) -> None:
    """Replace what the index holds of these comparisons."""
    documents = read_documents(connection, ids)
    known = dict(
        connection.execute(
            select(entries.c.comparison_id, entries.c.id).where(entries.c.comparison_id.in_(ids))
        ).all()
    )
    gone = [entry for name, entry in known.items() if documents.get(name) is None]
    connection.execute(delete(entries).where(entries.c.id.in_(gone)))
    kept = {name: found for name, found in documents.items() if found is not None}
    fresh = [_row(name, found) for name, found in kept.items() if name not in known]
    for name in kept.keys() & known.keys():
        changed = entries.c.body != kept[name].body
        connection.execute(
            update(entries).where(entries.c.id == known[name], changed).values(body=kept[name].body)
        )
    if fresh:
        connection.execute(insert(entries), fresh)
    _label(connection, kept, [known[name] for name in kept.keys() & known.keys()])


def _row(comparison_id: str, found: Document) -> dict[str, Any]:
    return {"comparison_id": comparison_id, "moment": found.moment, "body": found.body}


def _label(connection: Connection, documents: Mapping[str, Document], relabelled: Sequence[int]) -> None:
    """Write the facets of entries; `relabelled` are the ids of those that had some."""
    if not documents:
        return
    connection.execute(delete(labels).where(labels.c.entry_id.in_(relabelled)))
    query = select(entries.c.comparison_id, entries.c.id).where(entries.c.comparison_id.in_(documents))
    ids = dict(connection.execute(query).all())
    numbers = _facet_ids(connection, {facet for found in documents.values() for facet in found.facets})
    rows = [
        {"facet_id": numbers[facet], "moment": found.moment, "entry_id": ids[name]}
        for name, found in documents.items()
        for facet in found.facets
    ]
    if rows:
        connection.execute(insert(labels), rows)


def _facet_ids(connection: Connection, wanted: set[Facet]) -> dict[Facet, int]:
    known = _known_facets(connection)
    if missing := wanted - known.keys():
        rows = [{"facet": name, "value": value} for name, value in sorted(missing)]
        insert_new(connection, facets, rows, "id")
        known = _known_facets(connection)
    return known


def _known_facets(connection: Connection) -> dict[Facet, int]:
    rows = connection.execute(select(facets.c.facet, facets.c.value, facets.c.id))
    return {(name, value): number for name, value, number in rows}


def read_documents(connection: Connection, ids: Sequence[str]) -> dict[str, Document | None]:
    """The documents of these comparisons, as far as they exist."""
    query = select_comparisons().where(comparisons.c.id.in_(ids))
    found = [comparison_from(row) for row in connection.execute(query).mappings()]
    others = annotated.of(connection, [comparison.id for comparison in found])
    out = select(withdrawn).where(withdrawn.c.comparison_id.in_(ids))
    taken_out = {row["comparison_id"]: annotation_from(row) for row in connection.execute(out).mappings()}
    return {comparison.id: _document(comparison, others, taken_out) for comparison in found}


def _document(
    comparison: Comparison, others: Mapping[str, tuple[Ranking, ...]], taken_out: Mapping[str, Ranking]
) -> Document | None:
    whole = with_others(comparison, others.get(comparison.id, ()))
    return document(whole, taken_out.get(comparison.id))
