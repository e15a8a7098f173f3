"""A chat as it is kept: its turns, and the model version it began with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from feedback_app.domain.comparison import Role


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation. `model` is set on replies; `rating` is the owner's thumb: 1, -1 or None."""

    role: Role
    content: str
    model: str = ""
    rating: Literal[1, -1] | None = None
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Conversation:
    """`model` is a version name, never an alias: a conversation keeps the version that it began with."""

    model: str
    persona: str
    title: str = ""
    turns: tuple[Turn, ...] = ()
    id: str = field(default_factory=lambda: str(uuid4()))
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = field(default_factory=lambda: datetime.now(UTC))
