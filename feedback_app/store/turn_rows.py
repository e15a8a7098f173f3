"""Reads and writes the turns of a conversation and their alternatives, inside the caller's transaction."""

from collections.abc import Sequence
from typing import Any, get_args

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select
from sqlalchemy.engine import RowMapping

from feedback_app.domain.conversation import Ending, Turn
from feedback_app.store.tables import alternatives, turns

KEPT = ("role", "content", "model", "rating", "created_at", "best_of", "original", "number")

MAY_BE_NONE = ("chosen_by", "ending", "persona")


def turns_of(connection: Connection, conversation_id: str) -> tuple[Turn, ...]:
    query = select(turns).where(turns.c.conversation_id == conversation_id).order_by(turns.c.position)
    return tuple(_turn(row) for row in connection.execute(query).mappings())


def aside_of(connection: Connection, conversation_id: str) -> tuple[tuple[int, Turn], ...]:
    query = (
        select(alternatives)
        .where(alternatives.c.conversation_id == conversation_id)
        .order_by(alternatives.c.position, alternatives.c.number)
    )
    return tuple((row["position"], _turn(row)) for row in connection.execute(query).mappings())


def insert_turns(connection: Connection, conversation_id: str, first: int, new: Sequence[Turn]) -> None:
    """Insert turns from position `first` on. A reply that has alternatives gets the next number."""
    rows = [
        {
            "conversation_id": conversation_id,
            "position": first + offset,
            "role": turn.role,
            "content": turn.content,
            "model": turn.model,
            "rating": turn.rating,
            "created_at": turn.created_at,
            "best_of": turn.best_of,
            "chosen_by": turn.chosen_by or None,
            "original": turn.original,
            "ending": turn.ending or None,
            "persona": turn.persona or None,
            "number": _next(connection, conversation_id, first + offset),
        }
        for offset, turn in enumerate(new)
    ]
    if rows:
        connection.execute(insert(turns), rows)


def put_aside(connection: Connection, conversation_id: str, place: int) -> None:
    """Turn the reply at that position, if there is one, into an alternative."""
    _move(connection, turns, alternatives, _at(turns, conversation_id, place))


def bring_back(connection: Connection, conversation_id: str, place: int, number: int) -> None:
    """Move an alternative to its position, which must be free."""
    chosen = _at(alternatives, conversation_id, place) & (alternatives.c.number == number)
    _move(connection, alternatives, turns, chosen)


def _move(connection: Connection, source: Table, target: Table, which: ColumnElement[bool]) -> None:
    rows = connection.execute(select(source).where(which)).mappings().all()
    if rows:
        connection.execute(insert(target), [dict(row) for row in rows])
        connection.execute(delete(source).where(which))


def _next(connection: Connection, conversation_id: str, place: int) -> int:
    newest = select(func.max(alternatives.c.number)).where(_at(alternatives, conversation_id, place))
    highest = connection.execute(newest).scalar_one()
    return 0 if highest is None else int(highest) + 1


def _at(table: Table, conversation_id: str, place: int) -> ColumnElement[bool]:
    return (table.c.conversation_id == conversation_id) & (table.c.position == place)


def _turn(row: RowMapping) -> Turn:
    """An unknown rating or ending is left out."""
    kept: dict[str, Any] = {name: row[name] for name in KEPT}
    kept |= {name: row[name] or "" for name in MAY_BE_NONE}
    kept["rating"] = kept["rating"] if kept["rating"] in (1, -1) else None
    kept["ending"] = kept["ending"] if kept["ending"] in get_args(Ending) else ""
    return Turn(**kept)
