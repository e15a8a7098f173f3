"""Looks up ids by their first characters: pages show eight, and people type as few as they need."""

from dataclasses import dataclass

from sqlalchemy import Column, select

from feedback_app.errors import Invalid
from feedback_app.store.comparisons import ComparisonNotFound
from feedback_app.store.conversations import ConversationNotFound
from feedback_app.store.database import Database
from feedback_app.store.promotions import RESERVED, CheckpointNotFound
from feedback_app.store.rounds import RoundNotFound
from feedback_app.store.tables import checkpoints, comparisons, conversations, rounds

NAMED = 5
"""How many matching ids the error lists."""


class AmbiguousId(Invalid, LookupError):
    """Several ids begin with the given characters. The message lists them."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Each method returns the full id. An id that exists in full is returned unchanged."""

    database: Database

    def round(self, prefix: str) -> str:
        """Raises RoundNotFound, AmbiguousId."""
        return self._full(rounds.c.id, prefix, "round", RoundNotFound)

    def comparison(self, prefix: str) -> str:
        """Raises ComparisonNotFound, AmbiguousId."""
        return self._full(comparisons.c.id, prefix, "comparison", ComparisonNotFound)

    def conversation(self, prefix: str) -> str:
        """Raises ConversationNotFound, AmbiguousId."""
        return self._full(conversations.c.id, prefix, "conversation", ConversationNotFound)

    def version(self, prefix: str) -> str:
        """The full name of a checkpoint; aliases are returned unchanged. Raises CheckpointNotFound, AmbiguousId."""
        if prefix in RESERVED:
            return prefix
        return self._full(checkpoints.c.name, prefix, "checkpoint", CheckpointNotFound)

    def _full(self, column: "Column[str]", prefix: str, what: str, missing: type[LookupError]) -> str:
        with self.database.read() as connection:
            if connection.execute(select(column).where(column == prefix)).first() is not None:
                return prefix
            query = select(column).where(column.startswith(prefix, autoescape=True)).order_by(column)
            matches = list(connection.execute(query.limit(NAMED + 1)).scalars()) if prefix else []
        if len(matches) == 1:
            return str(matches[0])
        if not matches:
            raise missing(f"there is no {what} {prefix}")
        more = ", …" if len(matches) > NAMED else ""
        raise AmbiguousId(
            f"several {what} ids begin with {prefix}: {', '.join(matches[:NAMED])}{more}; give more characters"
        )
