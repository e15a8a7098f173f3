"""Reads ranked comparisons as plain documents (see `domain.documents`) in large batches, without a transaction in between.

A row that is as this version writes it becomes a document at once. Any other row is read as a `Comparison`, which decides
whether it is damaged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Row,
    Text,
    cast,
    exists,
    literal,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.types import NullType

from feedback_app.domain.comparison import ComparisonStatus
from feedback_app.domain.documents import ComparisonDocument, comparison_document
from feedback_app.store import annotations as annotated
from feedback_app.store.comparison_rows import MISFITS, comparison_from, select_comparisons, with_others
from feedback_app.store.database import BATCH, Database
from feedback_app.store.document_rows import document_of
from feedback_app.store.paging import unreadable
from feedback_app.store.tables import annotations, comparisons, rankings

ROWS = 2000
CHARACTERS = 16_000_000
"""A batch ends where its rows have more text than this."""


def _raw(column: Column[Any]) -> ColumnElement[Any]:
    """The column as the database has it: JSON as text, other values as the driver gives them."""
    return cast(column, Text) if isinstance(column.type, JSON) else type_coerce(column, NullType())


def _ranking_columns(table: Any) -> list[ColumnElement[Any]]:
    names = ("groups", "all_bad", "aspects", "note", "edit", "annotator", "source", "seconds", "created_at")
    return [_raw(table.c.comparison_id), *(_raw(table.c[name]) for name in names)]


BY_OTHERS = exists().where(annotations.c.comparison_id == comparisons.c.id)
RANKED = (comparisons.c.status == ComparisonStatus.ranked.value) | BY_OTHERS
POSITION = (comparisons.c.created_at, comparisons.c.id)
COLUMNS = (
    "id",
    "created_at",
    "source",
    "persona",
    "tags",
    "repeat_of",
    "selection",
    "messages",
    "candidates",
)
QUERY = (
    select(
        *(_raw(comparisons.c[name]).label(name) for name in COLUMNS),
        comparisons.c.status,
        BY_OTHERS.label("by_others"),
        *_ranking_columns(rankings),
    )
    .select_from(comparisons.outerjoin(rankings))
    .where(RANKED)
    .order_by(*POSITION)
)
Others = dict[str, list[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class ComparisonDocuments:
    """Comparisons that anybody ranked, with all their rankings. Damaged ones are left out."""

    database: Database

    def ranked(self) -> Iterator[ComparisonDocument | None]:
        """All of them, oldest first, and None for each that is damaged. Raises UnreadableRecord."""
        after: tuple[Any, str] | None = None
        while rows := (batch := self._batch(after))[0]:
            yield from self._documents(*batch)
            after = rows[-1].created_at, rows[-1].id

    def of_prompts(self, keys: Sequence[str]) -> list[ComparisonDocument]:
        """Those whose prompts have one of the keys (see `prompt_key`). Raises UnreadableRecord."""
        rows: list[Any] = []
        with self.database.read() as connection:
            for start in range(0, len(keys), BATCH):
                of_key = comparisons.c.prompt_key.in_(keys[start : start + BATCH])
                rows += connection.execute(QUERY.where(of_key).order_by(None)).all()
            others = _others(connection, rows)
        return [document for document in self._documents(rows, others) if document is not None]

    def _batch(self, after: tuple[Any, str] | None) -> tuple[list[Row[Any]], Others]:
        query = QUERY.limit(ROWS)
        if after is not None:
            query = query.where(tuple_(*POSITION) > tuple_(literal(after[0], NullType()), literal(after[1])))
        rows: list[Any] = []
        size = 0
        with self.database.read() as connection:
            with connection.execution_options(yield_per=100).execute(query) as result:
                for row in result:
                    rows.append(row)
                    size += len(row.messages) + len(row.candidates)
                    if size > CHARACTERS:
                        break
            return rows, _others(connection, rows)

    def _documents(self, rows: Sequence[Row[Any]], others: Others) -> Iterator[ComparisonDocument | None]:
        for row in rows:
            try:
                yield document_of(row, others.get(row[0], ()))
            except (*MISFITS, IndexError):
                yield self._as_comparison(row[0])

    def _as_comparison(self, name: str) -> ComparisonDocument | None:
        """The slow way. None if the comparison is damaged, or was deleted meanwhile."""
        with self.database.read() as connection:
            try:
                this = select_comparisons().where(comparisons.c.id == name)
                row = connection.execute(this).mappings().first()
                if row is None:
                    return None
                others = annotated.of(connection, [name]).get(name, ())
                comparison = with_others(comparison_from(row), others)
            except MISFITS as error:
                raise unreadable(name) from error
        return None if comparison.damaged else comparison_document(comparison)


def _others(connection: Connection, rows: Sequence[Row[Any]]) -> Others:
    """The rankings by other annotators, by comparison."""
    ids, others = [row.id for row in rows if row.by_others], Others()
    for start in range(0, len(ids), BATCH):
        batch = annotations.c.comparison_id.in_(ids[start : start + BATCH])
        columns = select(*_ranking_columns(annotations)).where(batch).order_by(annotations.c.annotator)
        for row in connection.execute(columns):
            others.setdefault(row[0], []).append(row)
    return others
