"""Which damaged rounds and versions can be deleted, on both databases."""

import pytest
from sqlalchemy import text

from feedback_app.domain.round import Checkpoint, InvalidRound, Round, RoundState
from feedback_app.store import CheckpointNeeded, CheckpointNotFound, RoundNotFound, Store


def damage(store: Store, table: str, column: str, name: str, value: str = "[1]") -> None:
    """Both databases keep a JSON array where an object belongs."""
    key = "id" if table == "rounds" else "name"
    with store.comparisons.database.write() as connection:
        connection.execute(
            text(f"UPDATE {table} SET {column} = :value WHERE {key} = :name"), {"value": value, "name": name}
        )


def versions(store: Store, *names: str, parent: str = "base") -> None:
    for name in names:
        store.checkpoints.add(Checkpoint(name, f"folder/{name}", parent=parent))


@pytest.mark.parametrize("column", ["config", "metrics", "decision"])
def test_a_damaged_round_is_deleted_and_the_others_stay(store: Store, column: str) -> None:
    for name in ("odd", "fine"):
        store.rounds.add(Round(id=name))
    damage(store, "rounds", column, "odd")
    store.rounds.delete("odd")
    assert [one.id for one in store.rounds.list(9)] == ["fine"]
    assert store.rounds.claim("odd", "worker") is None
    with pytest.raises(RoundNotFound):
        store.rounds.delete("odd")


def test_a_round_that_is_whole_is_not_deleted(store: Store) -> None:
    store.rounds.add(Round(id="fine"))
    with pytest.raises(InvalidRound, match="only a damaged round can be deleted"):
        store.rounds.delete("fine")


def test_a_damaged_round_that_runs_is_cancelled_first(store: Store) -> None:
    store.rounds.add(Round(id="odd"))
    claimed = store.rounds.claim("odd", "worker")
    assert claimed is not None
    damage(store, "rounds", "metrics", "odd")
    with pytest.raises(InvalidRound, match="cancel it, then delete it"):
        store.rounds.delete("odd")
    store.rounds.finish("odd", claimed.fence, RoundState.cancelled)
    store.rounds.delete("odd")
    assert store.rounds.list(9) == []


def test_a_running_round_with_a_broken_heartbeat_is_deleted(store: Store) -> None:
    if store.comparisons.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps no broken date")
    store.rounds.add(Round(id="odd"))
    assert store.rounds.claim("odd", "worker") is not None
    damage(store, "rounds", "heartbeat_at", "odd", "never")
    store.rounds.delete("odd")
    assert store.rounds.list(9) == []


def test_a_damaged_version_is_deleted_and_its_round_stays(store: Store) -> None:
    versions(store, "odd", "fine")
    store.rounds.add(Round(id="one", checkpoint="odd", state=RoundState.held))
    damage(store, "checkpoints", "manifest", "odd")
    store.checkpoints.delete("odd")
    assert [one.name for one in store.checkpoints.list()] == ["fine"]
    assert store.rounds.get("one").checkpoint == "odd"
    with pytest.raises(CheckpointNotFound):
        store.checkpoints.delete("odd")


def test_a_version_that_is_whole_is_not_deleted(store: Store) -> None:
    versions(store, "fine")
    with pytest.raises(CheckpointNeeded, match="only a damaged version can be deleted"):
        store.checkpoints.delete("fine")


def test_a_version_in_use_is_not_deleted(store: Store) -> None:
    versions(store, "odd")
    store.checkpoints.promote("odd", "test")
    damage(store, "checkpoints", "manifest", "odd")
    with pytest.raises(CheckpointNeeded, match=r"in use as .*latest.*: use another version first"):
        store.checkpoints.delete("odd")
    assert store.checkpoints.get("odd").damaged


def test_the_parent_of_a_version_is_not_deleted(store: Store) -> None:
    versions(store, "odd")
    versions(store, "child", parent="odd")
    damage(store, "checkpoints", "manifest", "odd")
    with pytest.raises(CheckpointNeeded, match="child was trained from odd"):
        store.checkpoints.delete("odd")


def test_the_parent_of_a_queued_round_is_not_deleted(store: Store) -> None:
    versions(store, "odd")
    store.rounds.add(Round(id="waiting", parent="odd"))
    damage(store, "checkpoints", "manifest", "odd")
    with pytest.raises(CheckpointNeeded, match="cancel that round first"):
        store.checkpoints.delete("odd")
    store.rounds.request_cancel("waiting")
    store.checkpoints.delete("odd")
    assert store.checkpoints.list() == []


def test_a_rollback_passes_over_a_deleted_version(store: Store) -> None:
    names = ("one", "two", "three", "four")
    versions(store, *names)
    for name in names:
        store.checkpoints.promote(name, "test")
    damage(store, "checkpoints", "manifest", "two")
    store.checkpoints.delete("two")
    assert store.checkpoints.rollback("test") == ("four", "three")
    assert store.checkpoints.aliases()["previous"] == "one"
    assert store.checkpoints.rollback("test") == ("three", "one")
    assert store.checkpoints.rollback("test") == ("one", "base")
