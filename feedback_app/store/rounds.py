"""Rounds and their state, which decides which worker may run which round. Each method is one transaction."""

import builtins
import math
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Update, case, delete, func, insert, or_, select, update
from sqlalchemy.engine import RowMapping

from feedback_app.domain.damage import damaged
from feedback_app.domain.round import Checkpoint, InvalidRound, Round, RoundEvent, RoundState
from feedback_app.domain.text_rules import DamagedText
from feedback_app.errors import NotFound
from feedback_app.store.checkpoints import register
from feedback_app.store.database import Database, insert_new
from feedback_app.store.promotions import StaleFence, promote
from feedback_app.store.tables import round_events, rounds

UNKNOWN = DamagedText("this round is damaged in the database: queue a new one")
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
        """Running rounds, then queued rounds, each oldest first."""
        waits = rounds.c.state == RoundState.queued.value
        query = select(rounds).where(waits | (rounds.c.state == RoundState.running.value))
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(waits, rounds.c.created_at, rounds.c.id)).mappings()
            return [_round(row) for row in rows]

    def queued(self) -> builtins.list[str]:
        """Ids of the queued rounds, oldest first."""
        query = select(rounds.c.id).where(rounds.c.state == RoundState.queued.value)
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(rounds.c.created_at, rounds.c.id)).scalars())

    def claim(self, round_id: str, worker: str) -> Round | None:
        """Claim a queued round: it is running now, under the next fence. Returns None if it is not queued; of several
        workers that claim it at once, one succeeds. A round whose settings cannot be read fails instead."""
        now = datetime.now(UTC)
        claimed = (
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
            if connection.execute(claimed).first() is None:
                return None
            claimed_round = _get(connection, round_id)
            if claimed_round.unusable:
                failed = {"state": RoundState.failed.value, "error": str(UNKNOWN), "finished_at": now}
                _set(connection, round_id, failed)
            return None if claimed_round.unusable else claimed_round

    def heartbeat(self, round_id: str, fence: int) -> Round:
        """Record that the worker is alive; returns the current row (see `cancel_requested`). Raises RoundNotFound, StaleFence."""
        return self._fenced(round_id, fence, {})

    def set_snapshot(self, round_id: str, fence: int, snapshot: str) -> Round:
        """Raises RoundNotFound, StaleFence."""
        return self._fenced(round_id, fence, {"snapshot": snapshot})

    def progress(self, round_id: str, fence: int, event: RoundEvent) -> None:
        """Store an event and copy its progress to the round. An event that is stored already is ignored, because the worker
        reads the file again after a restart. Raises RoundNotFound, StaleFence."""
        progress = {
            "stage": event.stage,
            "step": event.step,
            "total": event.total,
            "percent": event.percent,
            "seconds_left": _finite(event.seconds_left),
            "metrics": {name: value for name, value in event.metrics.items() if math.isfinite(value)},
        }
        row = {"round_id": round_id, "seq": event.seq, "at": event.at, "message": event.message, **progress}
        with self.database.write() as connection:
            _write_fenced(connection, round_id, fence, progress)
            insert_new(connection, round_events, [row], "seq")

    def events(self, round_id: str, after_seq: int = 0) -> builtins.list[RoundEvent]:
        """Events with a higher `seq`, in order."""
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
        """End a round, register the checkpoint it `made`, and promote it, in one transaction. Repeating the call changes
        nothing.

        Raises RoundNotFound, StaleFence, CheckpointNotFound, CheckpointExists, ValueError if the state is not final.
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
        """Return a running round to the queue because its worker shuts down. It does not count as a failed attempt.
        Raises RoundNotFound, StaleFence."""
        return self._fenced(
            round_id, fence, {"state": RoundState.queued.value, "attempt": rounds.c.attempt - 1}
        )

    def request_cancel(self, round_id: str) -> Round:
        """Cancel a queued round at once, or ask the worker of a running round to stop. Cancelling twice is allowed. Raises
        RoundNotFound; InvalidRound if the round has ended otherwise."""
        now = datetime.now(UTC)
        with self.database.write() as connection:
            round_ = _get(connection, round_id, lock=True)
            if round_.state is RoundState.queued:
                _set(connection, round_id, {"state": RoundState.cancelled.value, "finished_at": now})
            elif round_.state is RoundState.running:
                _set(connection, round_id, {"cancel_requested": True})
            elif round_.state is not RoundState.cancelled:
                raise InvalidRound(f"this round is {round_.state.value}: there is nothing left to cancel")
            return _get(connection, round_id)

    def delete(self, round_id: str) -> None:
        """Delete a damaged round with its events. The version that it made stays. Raises RoundNotFound; InvalidRound if the
        round is not damaged, or a worker runs it. The heartbeat of a worker mends a damaged one."""
        with self.database.write() as connection:
            round_ = _get(connection, round_id, lock=True)
            if not round_.damaged:
                raise InvalidRound("this round is not damaged: only a damaged round can be deleted")
            if round_.state is RoundState.running and not damaged([round_.heartbeat_at]):
                raise InvalidRound("this round is running: cancel it, then delete it")
            connection.execute(delete(rounds).where(rounds.c.id == round_id))

    def requeue(self, round_id: str) -> Round:
        """Queue a failed or cancelled round again and reset its number of attempts. Raises RoundNotFound, InvalidRound."""
        with self.database.write() as connection:
            round_ = _get(connection, round_id, lock=True)
            if round_.unusable:
                raise InvalidRound(UNKNOWN)
            if round_.state not in (RoundState.failed, RoundState.cancelled):
                raise InvalidRound(
                    f"this round is {round_.state.value}: only a failed or cancelled one can be resumed"
                )
            again = {"attempt": 0, "error": "", "cancel_requested": False, "finished_at": None}
            _set(connection, round_id, {"state": RoundState.queued.value, **again})
            return _get(connection, round_id)

    def requeue_stale(self, older_than: datetime, max_attempts: int) -> builtins.list[str]:
        """Free running rounds whose last heartbeat is before `older_than`: queue them again (their ids are returned), fail
        them after `max_attempts`, or cancel them if that was requested."""
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
    """Change a running round if the fence is current; counts as a heartbeat. Raises RoundNotFound, StaleFence."""
    held = (rounds.c.id == round_id, rounds.c.fence == fence, rounds.c.state == RoundState.running.value)
    change: Update = update(rounds).where(*held).values(heartbeat_at=datetime.now(UTC), **values)
    if not connection.execute(change).rowcount:
        round_ = _get(connection, round_id)
        raise StaleFence(f"round {round_id} is {round_.state.value} under fence {round_.fence}, not {fence}")


def _set(connection: Connection, round_id: str, values: dict[str, Any]) -> None:
    connection.execute(update(rounds).where(rounds.c.id == round_id).values(values))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _round(row: RowMapping) -> Round:
    """A round from a row. A round with an unknown state counts as failed."""
    known = {field.name: row[field.name] for field in fields(Round)}
    if row["state"] not in set(RoundState):
        return Round(**{**known, "state": RoundState.failed, "error": UNKNOWN})
    return Round(**{**known, "state": RoundState(row["state"])})
