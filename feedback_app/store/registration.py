"""Registering a checkpoint, inside the caller's transaction."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, or_, update

from feedback_app.domain.round import Checkpoint
from feedback_app.errors import Conflict
from feedback_app.store.database import insert_new
from feedback_app.store.promotions import RESERVED
from feedback_app.store.tables import checkpoints


class CheckpointExists(Conflict, ValueError):
    """The name is taken by another checkpoint, or is an alias."""


def register(connection: Connection, checkpoint: Checkpoint) -> None:
    """Add a checkpoint. The same one again brings its manifest up to date; another attempt of the same round takes its
    place, folder and all. Raises CheckpointExists."""
    if checkpoint.name in RESERVED:
        raise CheckpointExists(f"{checkpoint.name!r} is an alias: choose another name")
    if insert_new(connection, checkpoints, [asdict(checkpoint)], "name"):
        return
    of_the_round = checkpoints.c.round_id.is_not_distinct_from(checkpoint.round_id)
    same_folder = checkpoints.c.path == checkpoint.path
    same = of_the_round & or_(same_folder, checkpoints.c.round_id.is_not(None))
    news: dict[str, Any] = {
        "path": checkpoint.path,
        "manifest": checkpoint.manifest,
        "passed": checkpoint.passed,
    }
    known = (checkpoints.c.name == checkpoint.name) & same
    if not connection.execute(update(checkpoints).where(known).values(news)).rowcount:
        raise CheckpointExists(f"there is another checkpoint {checkpoint.name!r}: choose another name")
