"""What annotation desks have yet to be told. Rows carry ids only; the record is read fresh at delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from feedback_app.store.database import Database
from feedback_app.store.tables import outbox

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

    def due(self, now: datetime, limit: int) -> list[OutboxItem]:
        """Rows to deliver now, oldest first. Deliver from one worker at a time, so that a desk never gets an
        older record last."""
        columns = (outbox.c.id, outbox.c.desk, outbox.c.comparison_id, outbox.c.attempts)
        pending = outbox.c.refused.is_(False) & (outbox.c.due_at <= now)
        with self.database.read() as connection:
            rows = connection.execute(select(*columns).where(pending).order_by(outbox.c.id).limit(limit))
            return [OutboxItem(*row) for row in rows]

    def delivered(self, item_id: int) -> None:
        """Forget a row. A verdict that was stored meanwhile has a row of its own, which stays."""
        with self.database.write() as connection:
            connection.execute(delete(outbox).where(outbox.c.id == item_id))

    def postpone(self, item_id: int, until: datetime, reason: str) -> None:
        """Try again at `until`. `reason` must carry no text of the comparison."""
        change = {"attempts": outbox.c.attempts + 1, "due_at": until, "reason": reason[:REASON_LENGTH]}
        with self.database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.id == item_id).values(change))

    def refused(self, item_id: int, reason: str) -> None:
        """Set a row aside: the desk will not take it. The next verdict on its comparison replaces it."""
        change = {"attempts": outbox.c.attempts + 1, "refused": True, "reason": reason[:REASON_LENGTH]}
        with self.database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.id == item_id).values(change))

    def enqueue(self, comparison_ids: Sequence[str], desks: Sequence[str]) -> None:
        """Have comparisons delivered again: to a desk that is new, or one whose refusals were put right."""
        with self.database.write() as connection:
            for comparison_id in comparison_ids:
                announce(connection, comparison_id, desks)

    def counts(self) -> dict[str, int]:
        """`pending` (due or postponed) and `refused`."""
        query = select(outbox.c.refused, func.count()).group_by(outbox.c.refused)
        with self.database.read() as connection:
            found = {bool(row[0]): int(row[1]) for row in connection.execute(query)}
        return {"pending": found.get(False, 0), "refused": found.get(True, 0)}


def announce(connection: Connection, comparison_id: str, desks: Sequence[str]) -> None:
    """One fresh row per desk, in the caller's transaction; rows it makes pointless go."""
    for desk in dict.fromkeys(desks):
        same = (outbox.c.comparison_id == comparison_id) & (outbox.c.desk == desk)
        connection.execute(delete(outbox).where(same))
        connection.execute(
            insert(outbox).values(
                desk=desk,
                comparison_id=comparison_id,
                refused=False,
                attempts=0,
                reason="",
                due_at=datetime.now(UTC),
            )
        )
