"""Chats and their turns. Each method is one transaction."""

import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.engine import RowMapping

from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.store.database import Database
from feedback_app.store.tables import conversations, turns


class ConversationNotFound(LookupError):
    """No conversation of that id."""


class InvalidRating(ValueError):
    """A thumb on something that is not a reply of this conversation."""


@dataclass(frozen=True, slots=True)
class Conversations:
    database: Database

    def add(self, conversation: Conversation) -> None:
        row = {
            "id": conversation.id,
            "model": conversation.model,
            "persona": conversation.persona,
            "title": conversation.title,
            "created_at": conversation.created_at,
            "updated_at": conversation.updated_at,
        }
        with self.database.write() as connection:
            connection.execute(insert(conversations).values(row))
            _insert_turns(connection, conversation.id, 0, conversation.turns)

    def get(self, conversation_id: str) -> Conversation:
        """Raises ConversationNotFound."""
        with self.database.read() as connection:
            return _get(connection, conversation_id)

    def list(self, limit: int) -> builtins.list[Conversation]:
        """The last ones that something was said in first, without their turns."""
        query = select(conversations).order_by(conversations.c.updated_at.desc(), conversations.c.id)
        with self.database.read() as connection:
            return [_conversation(row, ()) for row in connection.execute(query.limit(limit)).mappings()]

    def append(self, conversation_id: str, *new: Turn) -> Conversation:
        """Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"updated_at": datetime.now(UTC)})
            count = select(func.count()).where(turns.c.conversation_id == conversation_id)
            _insert_turns(connection, conversation_id, connection.execute(count).scalar_one(), new)
            return _get(connection, conversation_id)

    def truncate(self, conversation_id: str, keep: int) -> Conversation:
        """Forget all turns but the first `keep`. Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"updated_at": datetime.now(UTC)})
            late = (turns.c.conversation_id == conversation_id) & (turns.c.position >= keep)
            connection.execute(delete(turns).where(late))
            return _get(connection, conversation_id)

    def rate(self, conversation_id: str, turn_index: int, rating: Literal[1, -1] | None) -> Conversation:
        """Set or take back the thumb on a reply (turns count from 0). Raises ConversationNotFound, InvalidRating."""
        reply = (
            (turns.c.conversation_id == conversation_id)
            & (turns.c.position == turn_index)
            & (turns.c.role == "assistant")
        )
        with self.database.write() as connection:
            rated = connection.execute(update(turns).where(reply).values(rating=rating)).rowcount
            conversation = _get(connection, conversation_id)
            if not rated:
                raise InvalidRating(f"turn {turn_index} is not a reply of this conversation")
            return conversation

    def rename(self, conversation_id: str, title: str) -> Conversation:
        """Raises ConversationNotFound."""
        with self.database.write() as connection:
            _touch(connection, conversation_id, {"title": title})
            return _get(connection, conversation_id)

    def delete(self, conversation_id: str) -> None:
        """Raises ConversationNotFound."""
        with self.database.write() as connection:
            gone = connection.execute(delete(conversations).where(conversations.c.id == conversation_id))
            if not gone.rowcount:
                raise _not_found(conversation_id)

    def rated(self) -> Iterator[Conversation]:
        """Every conversation with a thumb on some reply, with its turns, oldest first (for exporters)."""
        query = (
            select(conversations.c.id)
            .where(conversations.c.id.in_(select(turns.c.conversation_id).where(turns.c.rating.is_not(None))))
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
    said = select(turns).where(turns.c.conversation_id == conversation_id).order_by(turns.c.position)
    return _conversation(row, tuple(_turn(turn) for turn in connection.execute(said).mappings()))


def _touch(connection: Connection, conversation_id: str, values: dict[str, Any]) -> None:
    """Change the conversation's own row, which also locks it for the rest of the transaction."""
    row = update(conversations).where(conversations.c.id == conversation_id).values(values)
    if not connection.execute(row).rowcount:
        raise _not_found(conversation_id)


def _insert_turns(connection: Connection, conversation_id: str, first: int, new: Sequence[Turn]) -> None:
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
        }
        for offset, turn in enumerate(new)
    ]
    if rows:
        connection.execute(insert(turns), rows)


def _conversation(row: RowMapping, said: tuple[Turn, ...]) -> Conversation:
    return Conversation(**row, turns=said)


def _turn(row: RowMapping) -> Turn:
    kept = ("role", "content", "model", "rating", "created_at", "best_of")
    return Turn(**{name: row[name] for name in kept}, chosen_by=row["chosen_by"] or "")


def _not_found(conversation_id: str) -> ConversationNotFound:
    return ConversationNotFound(f"there is no conversation {conversation_id}")
