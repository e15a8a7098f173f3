"""Pages and batches of comparisons: keyset cursors, and reading all comparisons without holding them in memory."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import ColumnElement, Connection, Select, literal, tuple_

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.damage import DamagedMoment
from feedback_app.domain.text_rules import name_fault
from feedback_app.errors import AppError, Invalid
from feedback_app.store import annotations as annotated
from feedback_app.store.comparison_rows import MISFITS, comparison_from, select_comparisons, with_others
from feedback_app.store.database import BATCH, Database
from feedback_app.store.tables import comparisons
from feedback_app.store.types import UtcDateTime

UNREAD = "?"
"""Prefix of a stored date that could not be parsed."""


class InvalidCursor(Invalid, ValueError):
    """A cursor that is not one of ours."""


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` is None on the last page."""

    items: Sequence[Comparison]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """A position in the order of (created_at, id)."""

    created_at: datetime
    id: str


def encode_cursor(position: Position) -> str:
    moment = position.created_at
    date = f"{UNREAD}{quote(str(moment.stored))}" if isinstance(moment, DamagedMoment) else moment.isoformat()
    text = f"{date} {position.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position:
    """Raises InvalidCursor."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        date, _, comparison_id = text.partition(" ")
        created_at = _moment(date)
        valid = name_fault(comparison_id) is None
    except (ValueError, OverflowError, binascii.Error):
        valid = False
    if not valid:
        raise InvalidCursor("this cursor is not one of ours: leave it out to begin with the newest") from None
    return Position(created_at, comparison_id)


def _moment(text: str) -> datetime:
    """Raises ValueError, OverflowError."""
    if text.startswith(UNREAD):
        return DamagedMoment.of(unquote(text.removeprefix(UNREAD)))
    if "+" not in text:
        raise ValueError("a moment without its zone")
    return datetime.fromisoformat(text).astimezone(UTC)


OLDEST_FIRST = (comparisons.c.created_at, comparisons.c.id)


class UnreadableRecord(AppError, RuntimeError):
    """A row cannot be read from the database. The message names the row and says what to do."""


def read_batches(database: Database, which: ColumnElement[bool]) -> Iterator[Comparison]:
    """Yield the matching comparisons, oldest first and each once, with the other annotators' rankings.

    No transaction or connection is held between batches. Raises UnreadableRecord.
    """
    after: Position | None = None
    while batch := _batch(database, which, after):
        yield from batch
        after = position(batch[-1])


def _batch(database: Database, which: ColumnElement[bool], after: Position | None) -> list[Comparison]:
    query = select_comparisons().where(which)
    if after is not None:
        query = query.where(position_columns() > bound(after))
    query = query.order_by(*OLDEST_FIRST).limit(BATCH)
    with database.read() as connection:
        try:
            comparisons_read = [comparison_from(row) for row in connection.execute(query).mappings()]
            others = annotated.of(connection, [comparison.id for comparison in comparisons_read])
        except MISFITS as error:
            raise UnreadableRecord(unreadable_message(connection, query)) from error
    return [with_others(comparison, others.get(comparison.id, ())) for comparison in comparisons_read]


def unreadable_message(connection: Connection, query: Select[Any]) -> str:
    """Name the first row of the batch that cannot be read."""
    for name in connection.execute(query.with_only_columns(comparisons.c.id)).scalars().all():
        try:
            rows = connection.execute(select_comparisons().where(comparisons.c.id == name)).mappings().all()
            [comparison_from(row) for row in rows]
            annotated.of(connection, [name])
        except MISFITS:
            return str(unreadable(name))
    return "a comparison cannot be read from the database: restore a backup"


def unreadable(name: str) -> UnreadableRecord:
    """The error for a comparison of that id."""
    return UnreadableRecord(
        f"comparison {name} cannot be read from the database. Delete it with `codelynn rankings delete {name}`, "
        "then try again"
    )


def position_columns() -> ColumnElement[Any]:
    return tuple_(comparisons.c.created_at, comparisons.c.id)


def bound(position: Position) -> ColumnElement[Any]:
    return tuple_(literal(position.created_at, UtcDateTime), literal(position.id))


def position(comparison: Comparison) -> Position:
    return Position(comparison.created_at, comparison.id)
