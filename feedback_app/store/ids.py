"""Ids by their beginning: pages show the first eight characters, and people type no more than they need."""

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
"""How many of several that begin alike are named in the error."""


class AmbiguousId(Invalid, LookupError):
    """Several begin so; the message names them."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Each method gives the whole id; a whole id stays as it is, known or not."""

    database: Database

    def round(self, given: str) -> str:
        """Raises RoundNotFound, AmbiguousId."""
        return self._whole(rounds.c.id, given, "round", RoundNotFound)

    def comparison(self, given: str) -> str:
        """Raises ComparisonNotFound, AmbiguousId."""
        return self._whole(comparisons.c.id, given, "comparison", ComparisonNotFound)

    def conversation(self, given: str) -> str:
        """Raises ConversationNotFound, AmbiguousId."""
        return self._whole(conversations.c.id, given, "conversation", ConversationNotFound)

    def version(self, given: str) -> str:
        """Of a checkpoint's name; aliases stay. Raises CheckpointNotFound, AmbiguousId."""
        if given in RESERVED:
            return given
        return self._whole(checkpoints.c.name, given, "checkpoint", CheckpointNotFound)

    def _whole(self, column: "Column[str]", given: str, what: str, missing: type[LookupError]) -> str:
        with self.database.read() as connection:
            if connection.execute(select(column).where(column == given)).first() is not None:
                return given
            alike = select(column).where(column.startswith(given, autoescape=True)).order_by(column)
            found = list(connection.execute(alike.limit(NAMED + 1)).scalars()) if given else []
        if len(found) == 1:
            return str(found[0])
        if not found:
            raise missing(f"there is no {what} {given}")
        more = ", …" if len(found) > NAMED else ""
        raise AmbiguousId(
            f"several {what} ids begin with {given}: {', '.join(found[:NAMED])}{more}; give more of it"
        )
