"""Registered checkpoints and the aliases that point at them. Each method is one transaction."""

import builtins
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.engine import RowMapping

from feedback_app.domain.round import Checkpoint, RoundState
from feedback_app.errors import Conflict
from feedback_app.store.database import Database, insert_new
from feedback_app.store.promotions import (
    BASE,
    RESERVED,
    CheckpointNotFound,
    StaleFence,
    crown,
    forget,
    locked_aliases,
    promote,
    read_aliases,
    rollback,
)
from feedback_app.store.tables import checkpoints, rounds


class CheckpointExists(Conflict, ValueError):
    """The name belongs to another checkpoint, or is an alias."""


def register(connection: Connection, checkpoint: Checkpoint) -> None:
    """Add a checkpoint, in the caller's transaction.

    Registering the same checkpoint again updates its manifest. A later attempt of the same round replaces the earlier
    one, folder included. Raises CheckpointExists.
    """
    if checkpoint.name in RESERVED:
        raise CheckpointExists(f"{checkpoint.name!r} is an alias: choose another name")
    if insert_new(connection, checkpoints, [asdict(checkpoint)], "name"):
        return
    of_the_round = checkpoints.c.round_id.is_not_distinct_from(checkpoint.round_id)
    same_folder = checkpoints.c.path == checkpoint.path
    same = of_the_round & or_(same_folder, checkpoints.c.round_id.is_not(None))
    changes: dict[str, Any] = {
        "path": checkpoint.path,
        "manifest": checkpoint.manifest,
        "passed": checkpoint.passed,
    }
    known = (checkpoints.c.name == checkpoint.name) & same
    if not connection.execute(update(checkpoints).where(known).values(changes)).rowcount:
        raise CheckpointExists(f"there is another checkpoint {checkpoint.name!r}: choose another name")


class CheckpointNeeded(Conflict, ValueError):
    """A version that cannot be deleted; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Checkpoints:
    database: Database

    def add(self, checkpoint: Checkpoint) -> None:
        """See `register`. Raises CheckpointExists."""
        with self.database.write() as connection:
            register(connection, checkpoint)

    def get(self, name: str) -> Checkpoint:
        """By version name, not by alias. Raises CheckpointNotFound."""
        with self.database.read() as connection:
            row = connection.execute(select(checkpoints).where(checkpoints.c.name == name)).mappings().first()
        if row is None:
            raise CheckpointNotFound(f"there is no checkpoint {name!r}")
        return _checkpoint(row)

    def list(self) -> builtins.list[Checkpoint]:
        """Newest first, without base."""
        query = select(checkpoints).order_by(checkpoints.c.created_at.desc(), checkpoints.c.name.desc())
        with self.database.read() as connection:
            return [_checkpoint(row) for row in connection.execute(query).mappings()]

    def delete(self, name: str) -> None:
        """Delete a damaged version. Its folder stays. Raises CheckpointNotFound; CheckpointNeeded if the version is not damaged,
        is in use, or is the parent of another version or of a round that is not over."""
        with self.database.write() as connection:
            in_use = [alias for alias, version in locked_aliases(connection).items() if version == name]
            row = connection.execute(select(checkpoints).where(checkpoints.c.name == name)).mappings().first()
            if row is None:
                raise CheckpointNotFound(f"there is no checkpoint {name!r}")
            if not _checkpoint(row).damaged:
                raise CheckpointNeeded(f"{name} is not damaged: only a damaged version can be deleted")
            if in_use:
                raise CheckpointNeeded(f"{name} is in use as {', '.join(in_use)}: use another version first")
            _refuse_parent(connection, name)
            forget(connection, name)
            connection.execute(delete(checkpoints).where(checkpoints.c.name == name))

    def aliases(self) -> dict[str, str]:
        """Map aliases to version names: `latest` and `champion` (`base` at first), and after the first promotion also
        `previous` and `challenger`."""
        with self.database.read() as connection:
            return read_aliases(connection)

    def resolve(self, name: str) -> str:
        """The version that an alias or a version name stands for. Raises CheckpointNotFound."""
        with self.database.read() as connection:
            known = read_aliases(connection)
            versions = connection.execute(select(checkpoints.c.name).where(checkpoints.c.name == name))
            if name == BASE or versions.first() is not None:
                return name
        if name not in known:
            raise CheckpointNotFound(f"there is no model {name!r}; aliases: {', '.join([BASE, *known])}")
        return known[name]

    def promote(self, name: str, by: str, round_id: str | None = None, fence: int | None = None) -> bool:
        """Make `name` latest and challenger. Return False if nothing changed: it is latest already, or this round has
        promoted before. With `fence`, promote only while the round runs under that fence. Raises CheckpointNotFound, StaleFence."""
        with self.database.write() as connection:
            if fence is not None:
                held = select(rounds.c.id).where(
                    rounds.c.id == round_id,
                    rounds.c.fence == fence,
                    rounds.c.state == RoundState.running.value,
                )
                if connection.execute(held.with_for_update()).first() is None:
                    raise StaleFence(
                        f"round {round_id} does not run under fence {fence}: nothing was promoted"
                    )
            return promote(connection, name, by, round_id)

    def crown(self, name: str, by: str) -> bool:
        """Make `name` champion. Return False if it is champion already. Raises CheckpointNotFound."""
        with self.database.write() as connection:
            return crown(connection, name, by)

    def rollback(self, by: str) -> tuple[str, str]:
        """Undo the newest promotion in force and return (from, to). Raises NothingToRollBack."""
        with self.database.write() as connection:
            return rollback(connection, by)


def _refuse_parent(connection: Connection, name: str) -> None:
    """Raise CheckpointNeeded if another version was trained from this one, or a round will be."""
    child = connection.execute(select(checkpoints.c.name).where(checkpoints.c.parent == name)).scalar()
    if child is not None:
        raise CheckpointNeeded(f"{child} was trained from {name}: keep {name} as long as {child} exists")
    unfinished = rounds.c.state.in_((RoundState.queued.value, RoundState.running.value))
    starts = connection.execute(select(rounds.c.id).where(rounds.c.parent == name, unfinished)).scalar()
    if starts is not None:
        raise CheckpointNeeded(f"round {starts[:8]} starts from {name}: cancel that round first")


def _checkpoint(row: RowMapping) -> Checkpoint:
    return Checkpoint(**row)
