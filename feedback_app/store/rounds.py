"""Rounds: the rows that say who may work on what. Each method is one transaction."""

import builtins
import math
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Update, case, func, insert, or_, select, update
from sqlalchemy.engine import RowMapping

from feedback_app.domain.round import Checkpoint, InvalidRound, Round, RoundEvent, RoundState
from feedback_app.domain.text_rules import Mended
from feedback_app.errors import NotFound
from feedback_app.store.database import Database, insert_new
from feedback_app.store.promotions import StaleFence, promote
from feedback_app.store.registration import register
from feedback_app.store.tables import round_events, rounds

UNKNOWN = Mended("this round is damaged in the database: queue a new one")
SILENT = "its worker stopped answering too often: look at the round's trainer.log, then resume it"


class RoundNotFound(NotFound, LookupError):
    """No round of that id."""


@dataclass(frozen=True, slots=True)
class Rounds:
    database: Database

    def add(self, round_: Round) -> None:
        with self.database.write() as connection:
            connection.execute(insert(rounds).values(worker="", **asdict(round_)))

    def get(self, round_id: str) -> Round:
        """Raises RoundNotFound."""
        with self.database.read() as connection:
            return _get(connection, round_id)

    def list(self, limit: int) -> builtins.list[Round]:
        """Newest first."""
        query = select(rounds).order_by(rounds.c.created_at.desc(), rounds.c.id.desc()).limit(limit)
        with self.database.read() as connection:
            return [_round(row) for row in connection.execute(query).mappings()]

    def unfinished(self) -> builtins.list[Round]:
        """Those that run, then those that wait for a worker, oldest first."""
        waits = rounds.c.state == RoundState.queued.value
        query = select(rounds).where(waits | (rounds.c.state == RoundState.running.value))
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(waits, rounds.c.created_at, rounds.c.id)).mappings()
            return [_round(row) for row in rows]

    def queued(self) -> builtins.list[str]:
        """Ids of the rounds that wait for a worker, oldest first."""
        query = select(rounds.c.id).where(rounds.c.state == RoundState.queued.value)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(rounds.c.created_at, rounds.c.id)).scalars())

    def claim(self, round_id: str, worker: str) -> Round | None:
        """Take a queued round: running, with the next fence. None if it is not queued; of several workers who
        ask at once, one gets it. One whose settings cannot be read fails."""
        now = datetime.now(UTC)
        taken = (
            update(rounds)
            .where(rounds.c.id == round_id, rounds.c.state == RoundState.queued.value)
            .values(
                state=RoundState.running.value,
                attempt=rounds.c.attempt + 1,
                fence=rounds.c.fence + 1,
                worker=worker,
                heartbeat_at=now,
                started_at=func.coalesce(rounds.c.started_at, now),
            )
            .returning(rounds.c.id)
        )
        with self.database.write() as connection:
            if connection.execute(taken).first() is None:
                return None
            won = _get(connection, round_id)
            if won.unusable:
                failed = {"state": RoundState.failed.value, "error": str(UNKNOWN), "finished_at": now}
                _set(connection, round_id, failed)
            return None if won.unusable else won

    def heartbeat(self, round_id: str, fence: int) -> Round:
        """The worker is alive; gives the row as it is now (see `cancel_requested`). Raises RoundNotFound, StaleFence."""
        return self._fenced(round_id, fence, {})

    def set_snapshot(self, round_id: str, fence: int, snapshot: str) -> Round:
        """Raises RoundNotFound, StaleFence."""
        return self._fenced(round_id, fence, {"snapshot": snapshot})

    def progress(self, round_id: str, fence: int, event: RoundEvent) -> None:
        """Keep an event and show it in the row; an event that is kept already (the worker reads the file again
        after a restart) is not kept twice. Raises RoundNotFound, StaleFence."""
        shown = {
            "stage": event.stage,
            "step": event.step,
            "total": event.total,
            "percent": event.percent,
            "seconds_left": _finite(event.seconds_left),
            "metrics": {name: value for name, value in event.metrics.items() if math.isfinite(value)},
        }
        kept = {"round_id": round_id, "seq": event.seq, "at": event.at, "message": event.message, **shown}
        with self.database.write() as connection:
            _write_fenced(connection, round_id, fence, shown)
            insert_new(connection, round_events, [kept], "seq")

    def events(self, round_id: str, after_seq: int = 0) -> builtins.list[RoundEvent]:
        """Those with a higher `seq`, in order."""
        columns = [round_events.c[field.name] for field in fields(RoundEvent)]
        later = (round_events.c.round_id == round_id) & (round_events.c.seq > after_seq)
        with self.database.read() as connection:
            rows = connection.execute(select(*columns).where(later).order_by(round_events.c.seq)).mappings()
            return [RoundEvent(**row) for row in rows]

    def finish(
        self,
        round_id: str,
        fence: int,
        state: RoundState,
        checkpoint: str | None = None,
        decision: dict[str, Any] | None = None,
        error: str = "",
        promote: bool = False,
        made: Checkpoint | None = None,
    ) -> Round:
        """End a round, register what it has `made`, and promote its checkpoint, in one transaction; the same end again
        changes nothing.

        Raises RoundNotFound, StaleFence, CheckpointNotFound, CheckpointExists, ValueError for a state that is not final.
        """
        if not state.final or (promote and checkpoint is None):
            raise ValueError("a round ends in a final state, and promotes only a checkpoint that it made")
        end = {
            "state": state.value,
            "checkpoint": checkpoint,
            "decision": decision,
            "error": error,
            "finished_at": datetime.now(UTC),
            "seconds_left": None,
        }
        with self.database.write() as connection:
            before = _get(connection, round_id, lock=True)
            if before.fence == fence and before.state is state:
                return before
            if made is not None:
                register(connection, made)
            _write_fenced(connection, round_id, fence, end)
            if promote and checkpoint is not None:
                _promote(connection, checkpoint, f"round {round_id}", round_id)
            return _get(connection, round_id)

    def release(self, round_id: str, fence: int) -> Round:
        """Give a running round back to the queue, because its worker shuts down: that is no failed attempt.
        Raises RoundNotFound, StaleFence."""
        return self._fenced(
            round_id, fence, {"state": RoundState.queued.value, "attempt": rounds.c.attempt - 1}
        )

    def request_cancel(self, round_id: str) -> Round:
        """Queued: cancelled at once. Running: its worker is asked to stop. Raises RoundNotFound; InvalidRound for
        one that is over (cancelled ones aside)."""
        now = datetime.now(UTC)
        with self.database.write() as connection:
            found = _get(connection, round_id, lock=True)
            if found.state is RoundState.queued:
                _set(connection, round_id, {"state": RoundState.cancelled.value, "finished_at": now})
            elif found.state is RoundState.running:
                _set(connection, round_id, {"cancel_requested": True})
            elif found.state is not RoundState.cancelled:
                raise InvalidRound(f"this round is {found.state.value}: there is nothing left to cancel")
            return _get(connection, round_id)

    def requeue(self, round_id: str) -> Round:
        """Resume a failed or cancelled round, with its attempts counted anew. Raises RoundNotFound, InvalidRound."""
        with self.database.write() as connection:
            found = _get(connection, round_id, lock=True)
            if found.unusable:
                raise InvalidRound(UNKNOWN)
            if found.state not in (RoundState.failed, RoundState.cancelled):
                raise InvalidRound(
                    f"this round is {found.state.value}: only a failed or cancelled one can be resumed"
                )
            again = {"attempt": 0, "error": "", "cancel_requested": False, "finished_at": None}
            _set(connection, round_id, {"state": RoundState.queued.value, **again})
            return _get(connection, round_id)

    def requeue_stale(self, older_than: datetime, max_attempts: int) -> builtins.list[str]:
        """Deal with running rounds whose last heartbeat is before `older_than`: queued again (their ids are
        given), failed after `max_attempts`, cancelled where that was asked for."""
        now = datetime.now(UTC)
        spent = rounds.c.attempt >= max_attempts
        cancel = rounds.c.cancel_requested.is_(True)
        freed = (
            update(rounds)
            .where(rounds.c.state == RoundState.running.value, rounds.c.heartbeat_at < older_than)
            .values(
                state=case(
                    (cancel, RoundState.cancelled.value),
                    (spent, RoundState.failed.value),
                    else_=RoundState.queued.value,
                ),
                error=case((~cancel & spent, SILENT), else_=""),
                finished_at=case((or_(cancel, spent), now)),
            )
            .returning(rounds.c.id, rounds.c.state)
        )
        with self.database.write() as connection:
            rows = connection.execute(freed).all()
        return [row[0] for row in rows if row[1] == RoundState.queued.value]

    def _fenced(self, round_id: str, fence: int, values: dict[str, Any]) -> Round:
        with self.database.write() as connection:
            _write_fenced(connection, round_id, fence, values)
            return _get(connection, round_id)


# Inside `finish` the name `promote` is its argument.
_promote = promote


def _get(connection: Connection, round_id: str, lock: bool = False) -> Round:
    query = select(rounds).where(rounds.c.id == round_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise RoundNotFound(f"there is no round {round_id}")
    return _round(row)


def _write_fenced(connection: Connection, round_id: str, fence: int, values: dict[str, Any]) -> None:
    """Change a running round, if the writer's fence is the one in force; counts as a heartbeat."""
    held = (rounds.c.id == round_id, rounds.c.fence == fence, rounds.c.state == RoundState.running.value)
    change: Update = update(rounds).where(*held).values(heartbeat_at=datetime.now(UTC), **values)
    if not connection.execute(change).rowcount:
        found = _get(connection, round_id)
        raise StaleFence(f"round {round_id} is {found.state.value} under fence {found.fence}, not {fence}")


def _set(connection: Connection, round_id: str, values: dict[str, Any]) -> None:
    connection.execute(update(rounds).where(rounds.c.id == round_id).values(values))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _round(row: RowMapping) -> Round:
    """A state that is none is a failure that says so."""
    known = {field.name: row[field.name] for field in fields(Round)}
    if row["state"] not in set(RoundState):
        return Round(**{**known, "state": RoundState.failed, "error": UNKNOWN})
    return Round(**{**known, "state": RoundState(row["state"])})
