"""The queue of comparisons to deliver to annotation desks. Rows hold ids only; the record is read at delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from feedback_app.store.counters import Counters
from feedback_app.store.database import Database
from feedback_app.store.tables import metadata
from feedback_app.store.types import UtcDateTime

BATCH = 500
REASON_LENGTH = 500

# AUTOINCREMENT: ids are never reused, so that a late `delivered(id)` cannot remove a newer row.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("desk", Text, nullable=False),
    Column("comparison_id", Text, ForeignKey("comparisons.id", ondelete="CASCADE"), nullable=False),
    Column("refused", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Index(None, "comparison_id", "desk"),
    Index(None, "desk", "refused", "id"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class OutboxItem:
    id: int
    desk: str
    comparison_id: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Outbox:
    database: Database

    def due(self, now: datetime, limit: int, desk: str) -> list[OutboxItem]:
        """Rows of a desk to deliver now, newest first, so that a new ranking does not wait for a backlog. There is one row
        per comparison, so the order of delivery does not matter. Deliver from one worker at a time."""
        columns = (outbox.c.id, outbox.c.desk, outbox.c.comparison_id, outbox.c.attempts)
        pending = (outbox.c.desk == desk) & outbox.c.refused.is_(False) & (outbox.c.due_at <= now)
        with self.database.read() as connection:
            rows = connection.execute(
                select(*columns).where(pending).order_by(outbox.c.id.desc()).limit(limit)
            )
            return [OutboxItem(*row) for row in rows]

    def delivered(self, item_ids: Sequence[int]) -> None:
        """Delete delivered rows. A ranking stored meanwhile has its own row, which stays."""
        with self.database.write() as connection:
            connection.execute(delete(outbox).where(outbox.c.id.in_(item_ids)))

    def refused(self, item_id: int, reason: str) -> None:
        """Mark a row as refused by the desk. The next ranking of its comparison replaces it."""
        change = {"attempts": outbox.c.attempts + 1, "refused": True, "reason": reason[:REASON_LENGTH]}
        with self.database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.id == item_id).values(change))

    def enqueue(self, comparison_ids: Sequence[str], desks: Sequence[str]) -> None:
        """Queue comparisons again, for a new desk or after the cause of refusals was fixed."""
        with self.database.write() as connection:
            announce(connection, comparison_ids, desks)

    def counts(self, desk: str | None = None) -> dict[str, int]:
        """The number of `pending` (due or postponed) and `refused` rows, of one desk or of all."""
        numbers = Counters(self.database).by_bucket("outbox")
        of_desk = {key: number for key, number in numbers.items() if desk in (None, key.rpartition(":")[0])}
        return {
            state: sum(number for key, number in of_desk.items() if key.endswith(f":{state}"))
            for state in ("pending", "refused")
        }


def announce(connection: Connection, comparison_ids: Sequence[str], desks: Sequence[str]) -> None:
    """Queue each comparison for each desk, in the caller's transaction. The new row replaces earlier ones."""
    for start in range(0, len(comparison_ids), BATCH):
        batch = comparison_ids[start : start + BATCH]
        for desk in dict.fromkeys(desks):
            same = outbox.c.comparison_id.in_(batch) & (outbox.c.desk == desk)
            connection.execute(delete(outbox).where(same))
            row = {"desk": desk, "refused": False, "attempts": 0, "reason": "", "due_at": datetime.now(UTC)}
            connection.execute(insert(outbox), [{**row, "comparison_id": name} for name in batch])
