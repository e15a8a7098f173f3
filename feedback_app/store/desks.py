"""Synchronisation state per annotation desk: what both sides last held, and whether the desk can be reached."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Integer, Table, Text, delete, insert, select, update

from feedback_app.store.database import Database, insert_new
from feedback_app.store.named_locks import named_lock
from feedback_app.store.tables import DOCUMENT, comparisons, metadata
from feedback_app.store.types import UtcDateTime

Key = tuple[str, str]
"""(comparison id, annotator)"""

BATCH = 500
REASON_LENGTH = 500
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

# Digests of a ranking in the store (`ours`) and at the desk (`theirs`) when both last matched. A side that differs from its
# digest has changed since. There is no foreign key, because rows must not prevent the deletion of a comparison.
desk_verdicts = Table(
    "desk_verdicts",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("comparison_id", Text, primary_key=True),
    Column("annotator", Text, primary_key=True),
    Column("ours", Text, nullable=False),
    Column("theirs", Text, nullable=False),
)

desk_states = Table(
    "desk_states",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("problems", DOCUMENT, nullable=False),
    Column("pull_after", UtcDateTime, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("try_after", UtcDateTime, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Agreed:
    """Digests of a ranking in the store and at the desk when both last matched. Empty means that there was none."""

    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class DeskState:
    """`state` is `unknown`, `connected`, `away` or `refused`, with a `reason`.

    After `failures` failures in a row the desk is not contacted before `try_after`. `mark` is passed to the next pull,
    which is due at `pull_after`. `problems` describe records that could not be used.
    """

    state: str = "unknown"
    reason: str = ""
    mark: str = ""
    problems: tuple[str, ...] = ()
    pull_after: datetime = LONG_AGO
    failures: int = 0
    try_after: datetime = LONG_AGO
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class DeskStates:
    database: Database

    def turn(self, desk: str, patience: float = 0.0) -> AbstractContextManager[bool]:
        """Lock a desk so that one worker at a time works with it; yields whether the lock was acquired. Waits at most
        `patience` seconds."""
        return named_lock(self.database.engine, f"desk-{desk}", patience)

    def agreed(self, desk: str) -> dict[Key, Agreed]:
        columns = (
            desk_verdicts.c.comparison_id,
            desk_verdicts.c.annotator,
            desk_verdicts.c.ours,
            desk_verdicts.c.theirs,
        )
        with self.database.read() as connection:
            rows = connection.execute(select(*columns).where(desk_verdicts.c.desk == desk))
            return {(row[0], row[1]): Agreed(row[2], row[3]) for row in rows}

    def agree(self, desk: str, agreed: Mapping[Key, Agreed]) -> None:
        """Store what both sides now hold."""
        if not agreed:
            return
        with self.database.write() as connection:
            for key in agreed:
                connection.execute(delete(desk_verdicts).where(_one(desk, key)))
            connection.execute(
                insert(desk_verdicts),
                [
                    {
                        "desk": desk,
                        "comparison_id": key[0],
                        "annotator": key[1],
                        "ours": value.ours,
                        "theirs": value.theirs,
                    }
                    for key, value in agreed.items()
                ],
            )

    def forget(self, desk: str, keys: list[Key]) -> None:
        with self.database.write() as connection:
            for key in keys:
                connection.execute(delete(desk_verdicts).where(_one(desk, key)))

    def orphans(self, desk: str) -> list[str]:
        """Comparisons that are deleted in the store but not yet at the desk."""
        known = select(comparisons.c.id)
        query = select(desk_verdicts.c.comparison_id).where(
            desk_verdicts.c.desk == desk, desk_verdicts.c.comparison_id.not_in(known)
        )
        with self.database.read() as connection:
            return list(connection.execute(query.distinct()).scalars())

    def forget_all(self, desk: str, comparison_ids: Sequence[str]) -> None:
        """Delete the synchronisation state of these comparisons."""
        with self.database.write() as connection:
            for start in range(0, len(comparison_ids), BATCH):
                batch = desk_verdicts.c.comparison_id.in_(comparison_ids[start : start + BATCH])
                connection.execute(delete(desk_verdicts).where(desk_verdicts.c.desk == desk, batch))

    def state(self, desk: str) -> DeskState:
        with self.database.read() as connection:
            row = connection.execute(select(desk_states).where(desk_states.c.desk == desk)).mappings().first()
        if row is None:
            return DeskState()
        stored = {name: row[name] for name in DeskState.__dataclass_fields__}
        return DeskState(
            **{
                **stored,
                "problems": tuple(map(str, row["problems"])) if isinstance(row["problems"], list) else (),
            }
        )

    def set_state(self, desk: str, **changes: Any) -> None:
        """Change fields of the state; `at` becomes now."""
        changes |= {"at": datetime.now(UTC)}
        if "reason" in changes:
            changes["reason"] = changes["reason"][:REASON_LENGTH]
        defaults = {"desk": desk, **asdict(DeskState()), "problems": []}
        with self.database.write() as connection:
            insert_new(connection, desk_states, [defaults], "desk")
            connection.execute(update(desk_states).where(desk_states.c.desk == desk).values(changes))


def _one(desk: str, key: Key) -> Any:
    return (
        (desk_verdicts.c.desk == desk)
        & (desk_verdicts.c.comparison_id == key[0])
        & (desk_verdicts.c.annotator == key[1])
    )
