"""All comparisons of some kind, oldest first, in batches: nothing is held between them."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, literal, tuple_

from feedback_app.domain.comparison import Comparison
from feedback_app.errors import AppError
from feedback_app.store import annotations as annotated
from feedback_app.store.comparison_rows import MISFITS, comparison_from, select_comparisons, with_others
from feedback_app.store.cursor import Position
from feedback_app.store.database import BATCH, Database
from feedback_app.store.tables import comparisons
from feedback_app.store.types import UtcDateTime

OLDEST_FIRST = (comparisons.c.created_at, comparisons.c.id)


class UnreadableRecord(AppError, RuntimeError):
    """A row that the database itself cannot give; the message names it and says what to do."""


def walk(database: Database, which: ColumnElement[bool]) -> Iterator[Comparison]:
    """With the rankings of others, each once. Raises UnreadableRecord."""
    after: Position | None = None
    while batch := _batch(database, which, after):
        yield from batch
        after = position(batch[-1])


def _batch(database: Database, which: ColumnElement[bool], after: Position | None) -> list[Comparison]:
    query = select_comparisons().where(which)
    if after is not None:
        query = query.where(place() > bound(after))
    query = query.order_by(*OLDEST_FIRST).limit(BATCH)
    with database.read() as connection:
        try:
            found = [comparison_from(row) for row in connection.execute(query).mappings()]
            others = annotated.of(connection, [comparison.id for comparison in found])
        except MISFITS as error:
            raise UnreadableRecord(_told(connection, query)) from error
    return [with_others(comparison, others.get(comparison.id, ())) for comparison in found]


def _told(connection: Connection, query: Select[Any]) -> str:
    """The first row of the batch that cannot be read."""
    for name in connection.execute(query.with_only_columns(comparisons.c.id)).scalars().all():
        try:
            rows = connection.execute(select_comparisons().where(comparisons.c.id == name)).mappings().all()
            [comparison_from(row) for row in rows]
            annotated.of(connection, [name])
        except MISFITS:
            return (
                f"comparison {name} cannot be read from the database. Delete it with `codelynn rankings delete {name}`, "
                "then try again"
            )
    return "a comparison cannot be read from the database: restore a backup"


def place() -> ColumnElement[Any]:
    return tuple_(comparisons.c.created_at, comparisons.c.id)


def bound(position: Position) -> ColumnElement[Any]:
    return tuple_(literal(position.created_at, UtcDateTime), literal(position.id))


def position(comparison: Comparison) -> Position:
    return Position(comparison.created_at, comparison.id)
