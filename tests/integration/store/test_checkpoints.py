"""The registry: aliases, promotions that happen once, and the way back."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from feedback_app.domain.round import Checkpoint, RoundState
from feedback_app.store import CheckpointExists, CheckpointNotFound, NothingToRollBack, StaleFence, Store
from feedback_app.store.tables import aliases, promotions
from tests.integration.store.examples import NOON, minutes, running, together

FRESH = {"latest": "base", "champion": "base"}


def register(store: Store, *names: str) -> None:
    for index, name in enumerate(names):
        store.checkpoints.add(Checkpoint(name, f"/{name}", created_at=NOON + minutes(index)))


def test_a_checkpoint_comes_back_as_it_was_registered(store: Store) -> None:
    checkpoint = Checkpoint("v1", "/v1", round_id="r1", manifest={"seed": 3, "files": ["a"]}, passed=True)
    store.checkpoints.add(checkpoint)
    assert store.checkpoints.get("v1") == checkpoint
    with pytest.raises(CheckpointNotFound, match="v2"):
        store.checkpoints.get("v2")


def test_checkpoints_are_listed_newest_first_without_base(store: Store) -> None:
    register(store, "v1", "v2")
    assert [checkpoint.name for checkpoint in store.checkpoints.list()] == ["v2", "v1"]


def test_registering_again_updates_the_manifest_but_never_takes_another_ones_name(store: Store) -> None:
    store.checkpoints.add(first := Checkpoint("v1", "/v1"))
    store.checkpoints.add(replace(first, manifest={"gate": "passed"}, passed=True))
    assert store.checkpoints.get("v1") == replace(first, manifest={"gate": "passed"}, passed=True)
    for other in (replace(first, path="/elsewhere"), replace(first, round_id="r9")):
        with pytest.raises(CheckpointExists, match="choose another name"):
            store.checkpoints.add(other)


@pytest.mark.parametrize("name", ["base", "latest", "champion", "challenger", "previous"])
def test_an_alias_cannot_name_a_checkpoint(store: Store, name: str) -> None:
    with pytest.raises(CheckpointExists):
        register(store, name)


def test_before_any_promotion_latest_and_champion_are_base(store: Store) -> None:
    assert store.checkpoints.aliases() == FRESH
    assert [store.checkpoints.resolve(name) for name in ("base", "latest", "champion")] == ["base"] * 3
    for unknown in ("previous", "challenger", "v1"):
        with pytest.raises(CheckpointNotFound, match="latest"):
            store.checkpoints.resolve(unknown)


def test_a_promotion_moves_latest_previous_and_challenger(store: Store) -> None:
    register(store, "v1", "v2")
    assert store.checkpoints.promote("v1", "owner")
    assert store.checkpoints.promote("v2", "owner")
    moved = {"latest": "v2", "previous": "v1", "challenger": "v2", "champion": "base"}
    assert store.checkpoints.aliases() == moved
    assert {alias: store.checkpoints.resolve(alias) for alias in moved} == moved
    assert store.checkpoints.resolve("v1") == "v1"


def test_promoting_the_latest_again_changes_nothing(store: Store) -> None:
    register(store, "v1", "v2")
    store.checkpoints.promote("v1", "owner")
    store.checkpoints.promote("v2", "owner")
    before = store.checkpoints.aliases()
    assert not store.checkpoints.promote("v2", "owner")
    assert store.checkpoints.aliases() == before
    assert store.checkpoints.rollback("owner") == ("v2", "v1")


def test_an_unknown_checkpoint_cannot_be_promoted_but_base_can(store: Store) -> None:
    register(store, "v1")
    with pytest.raises(CheckpointNotFound, match="v9"):
        store.checkpoints.promote("v9", "owner")
    store.checkpoints.promote("v1", "owner")
    store.checkpoints.promote("base", "owner")
    assert store.checkpoints.aliases() == {"latest": "base", "previous": "v1", "champion": "base"}


def test_a_round_promotes_once_even_after_a_rollback(store: Store) -> None:
    register(store, "v1")
    claimed = running(store)
    assert store.checkpoints.promote("v1", "round", claimed.id, claimed.fence)
    assert not store.checkpoints.promote("v1", "round", claimed.id, claimed.fence)
    store.checkpoints.rollback("owner")
    assert not store.checkpoints.promote("v1", "round", claimed.id, claimed.fence)
    assert store.checkpoints.aliases() == FRESH
    assert store.checkpoints.promote("v1", "owner"), "a person may still promote it"


def test_a_round_that_is_not_running_does_not_promote(store: Store) -> None:
    register(store, "v1")
    claimed = running(store)
    with pytest.raises(StaleFence, match="nothing was promoted"):
        store.checkpoints.promote("v1", "round", claimed.id, claimed.fence - 1)
    store.rounds.finish(claimed.id, claimed.fence, RoundState.failed)
    with pytest.raises(StaleFence):
        store.checkpoints.promote("v1", "round", claimed.id, claimed.fence)


def test_promotions_at_the_same_time_leave_a_chain_that_can_be_walked_back(store: Store) -> None:
    names = [f"v{i}" for i in range(6)]
    register(store, *names)
    assert all(together(6, lambda index: store.checkpoints.promote(names[index], "owner")))
    steps = [store.checkpoints.rollback("owner") for _ in names]
    assert sorted(step[0] for step in steps) == names
    assert [step[1] for step in steps] == [*(step[0] for step in steps[1:]), "base"]
    assert store.checkpoints.aliases() == FRESH


def test_rolling_back_step_by_step_ends_where_it_began(store: Store) -> None:
    register(store, "v1", "v2", "v3")
    states = [store.checkpoints.aliases()]
    for name in ("v1", "v2", "v3"):
        store.checkpoints.promote(name, "owner")
        states.append(store.checkpoints.aliases())
    for step in (("v3", "v2"), ("v2", "v1"), ("v1", "base")):
        states.pop()
        assert store.checkpoints.rollback("owner") == step
        assert store.checkpoints.aliases() == states[-1]
    with pytest.raises(NothingToRollBack, match="no promotion"):
        store.checkpoints.rollback("owner")


def test_a_champion_that_is_rolled_back_steps_down_and_an_older_one_stays(store: Store) -> None:
    register(store, "v1", "v2")
    store.checkpoints.promote("v1", "owner")
    assert store.checkpoints.crown("v1", "votes")
    assert not store.checkpoints.crown("v1", "votes")
    assert store.checkpoints.aliases() == {"latest": "v1", "previous": "base", "champion": "v1"}
    store.checkpoints.promote("v2", "owner")
    store.checkpoints.rollback("owner")
    assert store.checkpoints.aliases() == {"latest": "v1", "previous": "base", "champion": "v1"}
    store.checkpoints.rollback("owner")
    assert store.checkpoints.aliases() == FRESH


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(st.lists(st.sampled_from(["v1", "v2", "v3", "base", None]), max_size=8))
def test_any_series_of_promotions_and_rollbacks_is_a_stack(store: Store, steps: list[str | None]) -> None:
    """None is a rollback. What is latest is always the top of the stack of promotions still in force."""
    with store.database.write() as connection:
        connection.execute(delete(promotions))
        connection.execute(delete(aliases))
        connection.execute(insert(aliases), [{"alias": a, "checkpoint": v} for a, v in FRESH.items()])
    if not store.checkpoints.list():
        register(store, "v1", "v2", "v3")
    stack = ["base"]
    for step in steps:
        if step is not None:
            assert store.checkpoints.promote(step, "owner") is (step != stack[-1])
            stack += [step] if step != stack[-1] else []
        elif len(stack) > 1:
            assert store.checkpoints.rollback("owner") == (stack.pop(), stack[-1])
        known = store.checkpoints.aliases()
        assert known["latest"] == stack[-1]
        assert known.get("previous") == (stack[-2] if len(stack) > 1 else None)
