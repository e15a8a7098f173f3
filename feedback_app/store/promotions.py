"""Moves aliases inside the caller's transaction and logs each move, so that it can be undone."""

from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select, text, update

from feedback_app.domain.damage import damaged
from feedback_app.errors import WRONG_USE, Conflict, NotFound
from feedback_app.store.database import insert_new
from feedback_app.store.tables import aliases, checkpoints, promotions

BASE = "base"
LATEST, PREVIOUS, CHALLENGER, CHAMPION = "latest", "previous", "challenger", "champion"
RESERVED = (BASE, LATEST, PREVIOUS, CHALLENGER, CHAMPION)


class StaleFence(RuntimeError):
    """The writer no longer holds the round: another worker has claimed it, or it has ended."""


class CheckpointNotFound(NotFound, LookupError):
    """No checkpoint or alias of that name. The message lists the existing ones."""


class NothingToRollBack(Conflict, LookupError):
    """No promotion is in force."""

    exit_code = WRONG_USE


def promote(connection: Connection, name: str, by: str, round_id: str | None = None) -> bool:
    """Set latest and challenger to `name` (no challenger if it is champion) and previous to the old latest. Returns False
    if nothing changed: `name` is latest already, or this round has promoted before, even if that was undone. Raises CheckpointNotFound."""
    require_version(connection, name)
    before = locked_aliases(connection)
    if before[LATEST] == name or not _log(connection, LATEST, name, by, before, round_id):
        return False
    _write(connection, before | {LATEST: name, PREVIOUS: before[LATEST], CHALLENGER: name})
    return True


def crown(connection: Connection, name: str, by: str) -> bool:
    """Set champion to `name`, which is then no longer challenger. Returns False if it is champion already."""
    require_version(connection, name)
    before = locked_aliases(connection)
    if before[CHAMPION] == name:
        return False
    _log(connection, CHAMPION, name, by, before, None)
    _write(connection, before | {CHAMPION: name})
    return True


def rollback(connection: Connection, by: str) -> tuple[str, str]:
    """Undo the newest promotion in force and return (from, to). If its checkpoint became champion, the earlier champion is
    restored. Raises NothingToRollBack."""
    now = locked_aliases(connection)
    in_force = promotions.c.undone_at.is_(None) & (promotions.c.alias == LATEST)
    newest = select(promotions).where(in_force).order_by(promotions.c.id.desc()).limit(1)
    row = connection.execute(newest).mappings().first()
    if row is None:
        raise NothingToRollBack("there is no promotion to roll back")
    if damaged([row["before"]]):
        raise NothingToRollBack(
            "the newest promotion is damaged in the database: choose a version with `codelynn checkpoint promote`"
        )
    undone = update(promotions).where(promotions.c.id == row["id"])
    connection.execute(undone.values(undone_at=datetime.now(UTC), undone_by=by))
    steps_down = now[CHAMPION] == row["checkpoint"]
    champion = row["before"][CHAMPION] if steps_down else now[CHAMPION]
    _write(connection, row["before"] | {CHAMPION: champion})
    return row["checkpoint"], row["before"][LATEST]


def forget(connection: Connection, name: str) -> None:
    """Take a version out of the promotions, so that no rollback leads to it: its own promotions count as undone, and
    the version before it takes its place in the later ones."""
    query = select(promotions).order_by(promotions.c.id)
    earlier = BASE
    for row in connection.execute(query).mappings().all():
        before: dict[str, str] = row["before"]
        change = promotions.c.id == row["id"]
        if row["checkpoint"] == name:
            earlier = before.get(LATEST, BASE) if row["alias"] == LATEST else earlier
            connection.execute(
                update(promotions)
                .where(change, promotions.c.undone_at.is_(None))
                .values(undone_at=datetime.now(UTC), undone_by="deletion")
            )
        if name in before.values():
            without = {alias: earlier if version == name else version for alias, version in before.items()}
            connection.execute(update(promotions).where(change).values(before=without))


def read_aliases(connection: Connection) -> dict[str, str]:
    """All aliases; `latest` and `champion` always exist."""
    rows = connection.execute(select(aliases.c.alias, aliases.c.checkpoint).order_by(aliases.c.alias))
    return {row[0]: row[1] for row in rows}


def locked_aliases(connection: Connection) -> dict[str, str]:
    """All aliases, locked against other transactions (SQLite has one writer anyway: see Database.write)."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE aliases IN SHARE ROW EXCLUSIVE MODE"))
    return read_aliases(connection)


def require_version(connection: Connection, name: str) -> None:
    """Raises CheckpointNotFound unless `name` is a checkpoint, or base."""
    known = select(checkpoints.c.name).where(checkpoints.c.name == name)
    if name != BASE and connection.execute(known).first() is None:
        raise CheckpointNotFound(f"there is no checkpoint {name!r}")


def _log(
    connection: Connection, alias: str, name: str, by: str, before: dict[str, str], round_id: str | None
) -> bool:
    row = {
        "alias": alias,
        "checkpoint": name,
        "by": by,
        "round_id": round_id,
        "before": before,
        "at": datetime.now(UTC),
    }
    return bool(insert_new(connection, promotions, [row], "id"))


def _write(connection: Connection, wanted: dict[str, str]) -> None:
    """Store the aliases. The champion is never its own challenger."""
    rows = [
        {"alias": alias, "checkpoint": name}
        for alias, name in wanted.items()
        if alias != CHALLENGER or name != wanted[CHAMPION]
    ]
    connection.execute(delete(aliases))
    connection.execute(insert(aliases), rows)
