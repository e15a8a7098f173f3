"""Conversations: turns, alternative replies, and the version that writes the next reply."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from feedback_app.domain.comparison import Role
from feedback_app.domain.damage import damaged

Ending = Literal["", "stopped", "length"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation. `model` is set on replies; `rating` is the owner's thumb: 1, -1 or None.

    `best_of`: how many replies this one was chosen from; `chosen_by` names what chose, where there was a choice.
    `original`: what the model had written, where the owner wrote the reply anew; such a reply has no thumb.
    `number`: which of the alternative replies to the same message this is, counted from 0. `ending`: how the reply
    ended before its end: stopped by the owner, or cut off at the limit of tokens. `persona`: the one that a reply was written as; empty
    on the person's own messages.
    """

    role: Role
    content: str
    model: str = ""
    rating: Literal[1, -1] | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    best_of: int = 1
    chosen_by: str = ""
    original: str | None = None
    number: int = 0
    ending: Ending = ""
    persona: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """`model` is a version name, never an alias: a conversation keeps the version that it began with until another is chosen for it.
    `model` and `persona` are those of the next reply; each turn keeps its own.

    `aside` are the other replies that were written to a message, each with the place of the turn it could stand in.
    `beside` is the id of the conversation in which another version hears the same messages; that one names none.
    """

    model: str
    persona: str
    title: str = ""
    turns: tuple[Turn, ...] = ()
    aside: tuple[tuple[int, Turn], ...] = ()
    id: str = field(default_factory=lambda: str(uuid4()))
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    beside: str | None = None

    def alternatives(self, place: int) -> list[Turn]:
        """All replies that turn `place` could be, the one that stands there among them, in the order they were written."""
        here = self.turns[place : place + 1]
        return sorted(
            [*here, *(turn for at, turn in self.aside if at == place)], key=lambda turn: turn.number
        )

    @property
    def damaged(self) -> bool:
        """Whether a stored value of it cannot be read (see `domain/damage.py`)."""
        turns = [*self.turns, *(turn for _, turn in self.aside)]
        held = (value for turn in turns for value in (turn.content, turn.original, turn.created_at))
        return damaged((self.title, self.created_at, self.updated_at, *held))

    def persona_of(self, reply: Turn) -> str:
        """The persona that the reply was written as."""
        return reply.persona or self.persona


def same_context(one: Conversation, other: Conversation) -> bool:
    """Whether the last turns of both are replies to one and the same conversation, written as the same persona."""
    before = [[(turn.role, turn.content) for turn in each.turns[:-1]] for each in (one, other)]
    replied = all(each.turns and each.turns[-1].role == "assistant" for each in (one, other))
    return (
        replied
        and before[0] == before[1]
        and len({each.persona_of(each.turns[-1]) for each in (one, other)}) == 1
    )


def chosen(conversation: Conversation) -> str:
    """What the last reply was chosen from, and by what, as a sentence; empty where there was no choice."""
    last = conversation.turns[-1] if conversation.turns else None
    if last is None or not last.chosen_by:
        return ""
    return f"The best of {last.best_of} replies, chosen by {last.chosen_by}."
