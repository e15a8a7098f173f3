"""What annotation desks have yet to be told. Rows carry ids only; the record is read fresh at delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from feedback_app.store.database import Database
from feedback_app.store.tables import outbox

BATCH = 500
REASON_LENGTH = 500


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
        """Rows of a desk to deliver now, the newest first: there is one for each comparison, so that their order means
        nothing, and a vote need not wait for a backlog. Deliver from one worker at a time."""
        columns = (outbox.c.id, outbox.c.desk, outbox.c.comparison_id, outbox.c.attempts)
        pending = (outbox.c.desk == desk) & outbox.c.refused.is_(False) & (outbox.c.due_at <= now)
        with self.database.read() as connection:
            rows = connection.execute(
                select(*columns).where(pending).order_by(outbox.c.id.desc()).limit(limit)
            )
            return [OutboxItem(*row) for row in rows]

    def delivered(self, item_ids: Sequence[int]) -> None:
        """Forget rows. A verdict that was stored meanwhile has a row of its own, which stays."""
        with self.database.write() as connection:
            connection.execute(delete(outbox).where(outbox.c.id.in_(item_ids)))

    def refused(self, item_id: int, reason: str) -> None:
        """Set a row aside: the desk will not take it. The next verdict on its comparison replaces it."""
        change = {"attempts": outbox.c.attempts + 1, "refused": True, "reason": reason[:REASON_LENGTH]}
        with self.database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.id == item_id).values(change))

    def enqueue(self, comparison_ids: Sequence[str], desks: Sequence[str]) -> None:
        """Have comparisons delivered again: to a desk that is new, or one whose refusals were put right."""
        with self.database.write() as connection:
            announce(connection, comparison_ids, desks)

    def counts(self, desk: str | None = None) -> dict[str, int]:
        """`pending` (due or postponed) and `refused`, of one desk or of all."""
        query = select(outbox.c.refused, func.count()).group_by(outbox.c.refused)
        if desk is not None:
            query = query.where(outbox.c.desk == desk)
        with self.database.read() as connection:
            found = {bool(row[0]): int(row[1]) for row in connection.execute(query)}
        return {"pending": found.get(False, 0), "refused": found.get(True, 0)}


def announce(connection: Connection, comparison_ids: Sequence[str], desks: Sequence[str]) -> None:
    """One fresh row per comparison and desk, in the caller's transaction; rows it makes pointless go."""
    for start in range(0, len(comparison_ids), BATCH):
        batch = comparison_ids[start : start + BATCH]
        for desk in dict.fromkeys(desks):
            same = outbox.c.comparison_id.in_(batch) & (outbox.c.desk == desk)
            connection.execute(delete(outbox).where(same))
            fresh = {"desk": desk, "refused": False, "attempts": 0, "reason": "", "due_at": datetime.now(UTC)}
            connection.execute(insert(outbox), [{**fresh, "comparison_id": name} for name in batch])
