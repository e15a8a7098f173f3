"""Chats and their turns. Each method is one transaction."""

import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update
from sqlalchemy.engine import RowMapping

from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.errors import Invalid, NotFound
from feedback_app.store.database import Database
from feedback_app.store.tables import alternatives, conversations, turns
from feedback_app.store.turn_rows import aside_of, bring_back, insert_turns, put_aside, turns_of


class ConversationNotFound(NotFound, LookupError):
    """No conversation of that id."""


class InvalidRating(Invalid, ValueError):
    """A thumb on, or an edit of, something that is not a reply of this conversation."""


@dataclass(frozen=True, slots=True)
class Conversations:
    database: Database

    def add(self, conversation: Conversation) -> None:
        with self.database.write() as connection:
            connection.execute(insert(conversations).values(_row(conversation)))
            insert_turns(connection, conversation.id, 0, conversation.turns)

    def get(self, conversation_id: str) -> Conversation:
        """Raises ConversationNotFound."""
        with self.database.read() as connection:
            return _get(connection, conversation_id)

    def list(self, limit: int, words: str = "") -> builtins.list[Conversation]:
        """The last ones that something was said in first, without their turns; with `words`, those in whose title or turns
        they stand, in any case. Two beside each other are one: the one that names the other stands for both."""
        named = select(conversations.c.beside).where(conversations.c.beside.is_not(None))
        query = (
            select(conversations)
            .where(conversations.c.id.not_in(named))
            .order_by(conversations.c.updated_at.desc(), conversations.c.id)
        )
        with self.database.read() as connection:
            if not words:
                query = query.limit(limit)
                return [Conversation(**row) for row in connection.execute(query).mappings()]
            said = _said(connection, words)
            rows = connection.execute(query).mappings()
            found = (row for row in rows if _found(row, said, words))
            return [Conversation(**row) for row in islice(found, limit)]

    def append(self, conversation_id: str, *new: Turn) -> Conversation:
        """Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"updated_at": datetime.now(UTC)})
            count = select(func.count()).where(turns.c.conversation_id == conversation_id)
            insert_turns(connection, conversation_id, connection.execute(count).scalar_one(), new)
            return _get(connection, conversation_id)

    def set_aside(self, conversation_id: str) -> Conversation:
        """Make room for another reply to the last message: the one that stands there becomes one of its alternatives.
        Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"updated_at": datetime.now(UTC)})
            conversation = _get(connection, conversation_id)
            if conversation.turns and conversation.turns[-1].role == "assistant":
                put_aside(connection, conversation_id, len(conversation.turns) - 1)
            return _get(connection, conversation_id)

    def choose(self, conversation_id: str, number: int | None = None) -> Conversation:
        """Let the alternative of that number stand as the last reply; the newest where none is named. Nothing changes where there is
        no other. Raises ConversationNotFound, InvalidRating."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"updated_at": datetime.now(UTC)})
            conversation = _get(connection, conversation_id)
            place = len(conversation.turns) - (
                1 if conversation.turns[-1:] and conversation.turns[-1].role == "assistant" else 0
            )
            numbers = [turn.number for turn in conversation.alternatives(place)]
            if number is not None and number not in numbers:
                raise InvalidRating(f"the last message has no reply of number {number}")
            if numbers:
                put_aside(connection, conversation_id, place)
                bring_back(connection, conversation_id, place, numbers[-1] if number is None else number)
            return _get(connection, conversation_id)

    def become(self, conversation_id: str, chosen: Mapping[str, str]) -> Conversation:
        """Go on with another `persona`, `model` or both. Raises ConversationNotFound."""
        with self.database.write() as connection:
            if chosen:
                _touch(connection, conversation_id, dict(chosen))
            return _get(connection, conversation_id)

    def rate(self, conversation_id: str, turn_index: int, rating: Literal[1, -1] | None) -> Conversation:
        """Set or take back the thumb on a reply (turns count from 0); the owner's own words get none. Raises
        ConversationNotFound, InvalidRating."""
        reply = (
            (turns.c.conversation_id == conversation_id)
            & (turns.c.position == turn_index)
            & (turns.c.role == "assistant")
            & turns.c.original.is_(None)
        )
        with self.database.write() as connection:
            rated = connection.execute(update(turns).where(reply).values(rating=rating)).rowcount
            conversation = _get(connection, conversation_id)
            if not rated and _reply(conversation, turn_index).original is not None:
                raise InvalidRating("you wrote this reply yourself, so it has no thumb")
            return conversation

    def edit(self, conversation_id: str, turn_index: int, text: str) -> Conversation:
        """Put the owner's words in place of a reply (turns count from 0), and keep what the model wrote; those very words
        again take the edit back. The thumb goes: it was on other words. Raises ConversationNotFound, InvalidRating."""
        with self.database.write() as connection:
            conversation = _get(connection, conversation_id)
            turn = _reply(conversation, turn_index)
            written = turn.content if turn.original is None else turn.original
            place = (turns.c.conversation_id == conversation_id) & (turns.c.position == turn_index)
            original = None if text == written else written
            connection.execute(
                update(turns).where(place).values(content=text, original=original, rating=None)
            )
            return _get(connection, conversation_id)

    def edited(self) -> Iterator[Conversation]:
        """Every conversation with an edited reply, with its turns, oldest first (for exporters)."""
        return self._with_turns(turns.c.original.is_not(None), alternatives.c.original.is_not(None))

    def rename(self, conversation_id: str, title: str) -> Conversation:
        """Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"title": title})
            return _get(connection, conversation_id)

    def put_beside(self, conversation_id: str, other: Conversation) -> None:
        """Keep `other` as the one in which another version hears the same. Raises ConversationNotFound."""
        with self.database.write() as connection:
            connection.execute(insert(conversations).values(_row(other)))
            insert_turns(connection, other.id, 0, other.turns)
            _touch(connection, conversation_id, {"beside": other.id})

    def part(self, conversation_id: str) -> None:
        """Let the conversation and the one beside it each go on alone. Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"beside": None})

    def delete(self, conversation_id: str) -> None:
        """Delete it, and the one that it names beside it. Raises ConversationNotFound."""
        with self.database.write() as connection:
            beside = _get(connection, conversation_id).beside
            gone = conversations.c.id.in_([conversation_id, *filter(None, [beside])])
            connection.execute(delete(conversations).where(gone))

    def rated(self) -> Iterator[Conversation]:
        """Every conversation with a thumb on some reply, with its turns, oldest first (for exporters)."""
        return self._with_turns(turns.c.rating.is_not(None), alternatives.c.rating.is_not(None))

    def stamp(self) -> int:
        """Changes when a thumb or an edited reply does."""
        with self.database.read() as connection:
            return hash(tuple(_judged(connection, table) for table in (turns, alternatives)))

    def _with_turns(self, some: ColumnElement[bool], aside: ColumnElement[bool]) -> Iterator[Conversation]:
        """Every conversation of which a turn, or a reply aside, is like that, oldest first."""
        standing = select(turns.c.conversation_id).where(some)
        others = select(alternatives.c.conversation_id).where(aside)
        query = (
            select(conversations.c.id)
            .where(conversations.c.id.in_(standing) | conversations.c.id.in_(others))
            .order_by(conversations.c.created_at, conversations.c.id)
        )
        with self.database.read() as connection:
            ids = connection.execute(query).scalars().all()
        for conversation_id in ids:
            try:
                yield self.get(conversation_id)
            except ConversationNotFound:  # deleted since the ids were read
                continue


def _get(connection: Connection, conversation_id: str) -> Conversation:
    query = select(conversations).where(conversations.c.id == conversation_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise _not_found(conversation_id)
    return Conversation(
        **row, turns=turns_of(connection, conversation_id), aside=aside_of(connection, conversation_id)
    )


def _judged(connection: Connection, table: Table) -> tuple[Any, ...]:
    said = (table.c.conversation_id, table.c.position, table.c.number, table.c.rating, table.c.content)
    query = select(*said).where(table.c.rating.is_not(None) | table.c.original.is_not(None))
    return tuple(map(tuple, connection.execute(query.order_by(*said[:3]))))


def _said(connection: Connection, words: str) -> set[str]:
    """Ids of the conversations in whose turns the words stand. Read here and not by the database: free text is kept
    encoded, and SQLite knows upper and lower case of ASCII alone."""
    rows = connection.execution_options(yield_per=1000).execute(
        select(turns.c.conversation_id, turns.c.content)
    )
    return {conversation_id for conversation_id, content in rows if _stands(words, content)}


def _stands(words: str, text: str) -> bool:
    return words.casefold() in text.casefold()


def _found(row: RowMapping, said: set[str], words: str) -> bool:
    """Whether the words stand in the title, in its turns, or in those beside it."""
    return row["id"] in said or row["beside"] in said or _stands(words, row["title"])


def _row(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "model": conversation.model,
        "persona": conversation.persona,
        "title": conversation.title,
        "created_at": conversation.created_at,
        "updated_at": conversation.updated_at,
        "beside": conversation.beside,
    }


def _touch(connection: Connection, conversation_id: str, values: dict[str, Any]) -> None:
    """Change the conversation's own row, which also locks it for the rest of the transaction."""
    row = update(conversations).where(conversations.c.id == conversation_id).values(values)
    if not connection.execute(row).rowcount:
        raise _not_found(conversation_id)


def _reply(conversation: Conversation, turn_index: int) -> Turn:
    """Raises InvalidRating."""
    if not 0 <= turn_index < len(conversation.turns) or conversation.turns[turn_index].role != "assistant":
        raise _not_a_reply(turn_index)
    return conversation.turns[turn_index]


def _not_a_reply(turn_index: int) -> InvalidRating:
    return InvalidRating(f"turn {turn_index} is not a reply of this conversation")


def _not_found(conversation_id: str) -> ConversationNotFound:
    return ConversationNotFound(f"there is no conversation {conversation_id}")
