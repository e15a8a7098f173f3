"""Keyset cursors: where a page ended, as an opaque word."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from sqlalchemy import ColumnElement, Connection, Select, literal, tuple_

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.mended import MendedMoment
from feedback_app.domain.text_rules import name_fault
from feedback_app.store import annotations as annotated
from feedback_app.store.comparison_rows import MISFITS, comparison_from, select_comparisons, with_others
from feedback_app.store.database import BATCH, Database
from feedback_app.store.tables import comparisons
from feedback_app.store.types import UtcDateTime

UNREAD = "?"
"""Begins a moment that stands in the store and is none."""


class InvalidCursor(ValueError):
    """A cursor that is not one of ours."""


@dataclass(frozen=True, slots=True)
class Page:
    """`next_cursor` is None on the last page."""

    items: Sequence[Comparison]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the order of (created_at, id)."""

    created_at: datetime
    id: str


def encode_cursor(position: Position) -> str:
    moment = position.created_at
    told = f"{UNREAD}{quote(str(moment.stored))}" if isinstance(moment, MendedMoment) else moment.isoformat()
    words = f"{told} {position.id}"
    return base64.urlsafe_b64encode(words.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position:
    """Raises InvalidCursor."""
    try:
        words = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, comparison_id = words.partition(" ")
        created_at = _moment(moment)
        ours = name_fault(comparison_id) is None
    except (ValueError, OverflowError, binascii.Error):
        ours = False
    if not ours:
        raise InvalidCursor("this cursor is not one of ours: leave it out to begin with the newest") from None
    return Position(created_at, comparison_id)


def _moment(text: str) -> datetime:
    """Raises ValueError, OverflowError."""
    if text.startswith(UNREAD):
        return MendedMoment.of(unquote(text.removeprefix(UNREAD)))
    if "+" not in text:
        raise ValueError("a moment without its zone")
    return datetime.fromisoformat(text).astimezone(UTC)


OLDEST_FIRST = (comparisons.c.created_at, comparisons.c.id)


class UnreadableRecord(RuntimeError):
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
