"""Chat conversations and their turns. Each method is one transaction."""

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
    """A rating or an edit of something that is not a reply in this conversation."""


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
        """Conversations without their turns, the most recently used first. With `words`, only those whose title or turns
        contain them, ignoring case. Of two side-by-side conversations only the one that names the other is listed."""
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
            matching = _ids_with_words(connection, words)
            rows = connection.execute(query).mappings()
            matches = (row for row in rows if _matches(row, matching, words))
            return [Conversation(**row) for row in islice(matches, limit)]

    def append(self, conversation_id: str, *new: Turn) -> Conversation:
        """Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"updated_at": datetime.now(UTC)})
            count = select(func.count()).where(turns.c.conversation_id == conversation_id)
            insert_turns(connection, conversation_id, connection.execute(count).scalar_one(), new)
            return _get(connection, conversation_id)

    def set_aside(self, conversation_id: str) -> Conversation:
        """Make room for another reply to the last message: the current reply becomes an alternative.
        Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"updated_at": datetime.now(UTC)})
            conversation = _get(connection, conversation_id)
            if conversation.turns and conversation.turns[-1].role == "assistant":
                put_aside(connection, conversation_id, len(conversation.turns) - 1)
            return _get(connection, conversation_id)

    def choose(self, conversation_id: str, number: int | None = None) -> Conversation:
        """Show the alternative with that number, or the newest, as the last reply. Nothing changes if there is no other.
        Raises ConversationNotFound, InvalidRating."""
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
        """Continue with another `persona`, `model` or both. Raises ConversationNotFound."""
        with self.database.write() as connection:
            if chosen:
                _touch(connection, conversation_id, dict(chosen))
            return _get(connection, conversation_id)

    def rate(self, conversation_id: str, turn_index: int, rating: Literal[1, -1] | None) -> Conversation:
        """Set or clear the rating of a reply (turns count from 0). A reply that the owner edited cannot be rated. Raises
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
        """Replace a reply (turns count from 0) with the owner's text and keep the model's text as `original`. Storing the
        model's text again undoes the edit. The rating is cleared, because it was for another text. Raises ConversationNotFound, InvalidRating."""
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
        """Conversations with an edited reply, with their turns, oldest first (for exports)."""
        return self._with_turns(turns.c.original.is_not(None), alternatives.c.original.is_not(None))

    def rename(self, conversation_id: str, title: str) -> Conversation:
        """Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"title": title})
            return _get(connection, conversation_id)

    def put_beside(self, conversation_id: str, other: Conversation) -> None:
        """Store `other` as the side-by-side conversation in which another version gets the same messages. Raises ConversationNotFound."""
        with self.database.write() as connection:
            connection.execute(insert(conversations).values(_row(other)))
            insert_turns(connection, other.id, 0, other.turns)
            _touch(connection, conversation_id, {"beside": other.id})

    def part(self, conversation_id: str) -> None:
        """End the side-by-side: the two conversations continue separately. Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"beside": None})

    def delete(self, conversation_id: str) -> None:
        """Delete a conversation and its side-by-side conversation. Raises ConversationNotFound."""
        with self.database.write() as connection:
            beside = _get(connection, conversation_id).beside
            gone = conversations.c.id.in_([conversation_id, *filter(None, [beside])])
            connection.execute(delete(conversations).where(gone))

    def rated(self) -> Iterator[Conversation]:
        """Conversations with a rated reply, with their turns, oldest first (for exports)."""
        return self._with_turns(turns.c.rating.is_not(None), alternatives.c.rating.is_not(None))

    def fingerprint(self) -> int:
        """A number that changes when a rating or an edited reply changes."""
        with self.database.read() as connection:
            return hash(tuple(_feedback(connection, table) for table in (turns, alternatives)))

    def _with_turns(self, some: ColumnElement[bool], aside: ColumnElement[bool]) -> Iterator[Conversation]:
        """Conversations with a turn matching `some` or an alternative matching `aside`, oldest first."""
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


def _feedback(connection: Connection, table: Table) -> tuple[Any, ...]:
    columns = (table.c.conversation_id, table.c.position, table.c.number, table.c.rating, table.c.content)
    query = select(*columns).where(table.c.rating.is_not(None) | table.c.original.is_not(None))
    return tuple(map(tuple, connection.execute(query.order_by(*columns[:3]))))


def _ids_with_words(connection: Connection, words: str) -> set[str]:
    """Ids of the conversations whose turns contain the words. The text is searched here and not by the database, because
    free text is stored JSON-encoded and SQLite ignores case for ASCII only."""
    rows = connection.execution_options(yield_per=1000).execute(
        select(turns.c.conversation_id, turns.c.content)
    )
    return {conversation_id for conversation_id, content in rows if _contains(content, words)}


def _contains(text: str, words: str) -> bool:
    return words.casefold() in text.casefold()


def _matches(row: RowMapping, matching: set[str], words: str) -> bool:
    """Whether the title, the turns, or the turns of the side-by-side conversation contain the words."""
    return row["id"] in matching or row["beside"] in matching or _contains(row["title"], words)


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
    """Update the conversation's row, which also locks it for the rest of the transaction."""
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
