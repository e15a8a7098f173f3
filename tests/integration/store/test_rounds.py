"""Rounds: who may work on one, what a stale worker cannot do, and how a round ends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest

from feedback_app.domain.round import Checkpoint, InvalidRound, Round, RoundState
from feedback_app.store import CheckpointNotFound, RoundNotFound, StaleFence, Store
from tests.integration.store.examples import NOON, event, minutes, running, together


def test_a_round_comes_back_as_it_was_queued(store: Store) -> None:
    store.rounds.add(queued := Round(config={"beta": 0.1, "epochs": 2}, parent="v1", created_at=NOON))
    assert store.rounds.get(queued.id) == queued
    with pytest.raises(RoundNotFound, match="there is no round nowhere"):
        store.rounds.get("nowhere")


def test_rounds_are_listed_newest_first_and_wait_oldest_first(store: Store) -> None:
    rounds = [Round(id=f"r{i}", created_at=NOON + minutes(i)) for i in range(3)]
    for each in rounds:
        store.rounds.add(each)
    assert store.rounds.list(2) == [rounds[2], rounds[1]]
    store.rounds.claim("r1", "worker")
    assert store.rounds.queued() == ["r0", "r2"]


def test_a_claim_counts_the_attempt_raises_the_fence_and_starts_the_heartbeat(store: Store) -> None:
    began = datetime.now(UTC)
    claimed = running(store)
    assert (claimed.state, claimed.attempt, claimed.fence) == (RoundState.running, 1, 1)
    assert claimed.heartbeat_at is not None
    assert claimed.started_at == claimed.heartbeat_at >= began
    assert store.rounds.get(claimed.id) == claimed


def test_only_a_queued_round_can_be_claimed(store: Store) -> None:
    claimed = running(store)
    assert store.rounds.claim(claimed.id, "another") is None
    assert store.rounds.claim("nowhere", "worker") is None


def claim(store: Store, round_id: str, worker: int) -> Round | None:
    return store.rounds.claim(round_id, f"worker {worker}")


def test_of_workers_who_claim_at_once_exactly_one_gets_the_round(store: Store) -> None:
    for number in range(5):
        store.rounds.add(Round(id=f"r{number}"))
        won = together(6, partial(claim, store, f"r{number}"))
        assert len([claimed for claimed in won if claimed is not None]) == 1
        assert store.rounds.get(f"r{number}").attempt == 1


def test_progress_shows_in_the_row_and_is_kept_as_an_event(store: Store) -> None:
    claimed = running(store)
    for seq in (1, 2):
        store.rounds.progress(claimed.id, claimed.fence, event(seq, seconds_left=30.0, message="training"))
    row = store.rounds.get(claimed.id)
    assert (row.stage, row.step, row.total, row.percent, row.seconds_left) == ("policy", 2, 10, 20.0, 30.0)
    assert row.metrics == {"loss": 0.5}
    assert store.rounds.events(claimed.id, 1) == [event(2, seconds_left=30.0, message="training")]
    assert [e.seq for e in store.rounds.events(claimed.id, 0)] == [1, 2]


def test_an_event_that_is_reported_again_is_kept_once(store: Store) -> None:
    claimed = running(store)
    for seq in (1, 2, 1, 2):
        store.rounds.progress(claimed.id, claimed.fence, event(seq))
    assert store.rounds.events(claimed.id, 0) == [event(1), event(2)]


def test_numbers_that_are_not_finite_are_left_out(store: Store) -> None:
    claimed = running(store)
    odd = event(1, metrics={"loss": float("nan"), "kl": float("inf"), "lr": 0.1}, seconds_left=float("inf"))
    store.rounds.progress(claimed.id, claimed.fence, odd)
    assert store.rounds.events(claimed.id, 0) == [event(1, metrics={"lr": 0.1})]


def test_a_stale_worker_can_neither_report_nor_finish_nor_promote(store: Store) -> None:
    stale = running(store)
    store.checkpoints.add(Checkpoint("v1", "/v1"))
    store.rounds.requeue_stale(datetime.now(UTC) + minutes(1), max_attempts=3)
    fresh = store.rounds.claim(stale.id, "another")
    assert fresh is not None
    writes: list[Callable[[], object]] = [
        lambda: store.rounds.progress(stale.id, stale.fence, event(1)),
        lambda: store.rounds.heartbeat(stale.id, stale.fence),
        lambda: store.rounds.set_snapshot(stale.id, stale.fence, "abc"),
        lambda: store.rounds.finish(stale.id, stale.fence, RoundState.promoted, "v1", promote=True),
        lambda: store.checkpoints.promote("v1", "worker", stale.id, stale.fence),
    ]
    for write in writes:
        with pytest.raises(StaleFence):
            write()
    assert store.rounds.get(stale.id) == fresh
    assert store.rounds.events(stale.id, 0) == []
    assert store.checkpoints.aliases()["latest"] == "base"


def test_a_worker_whose_round_was_queued_again_is_refused_before_anybody_claims_it(store: Store) -> None:
    claimed = running(store)
    store.rounds.requeue_stale(datetime.now(UTC) + minutes(1), max_attempts=3)
    with pytest.raises(StaleFence, match="queued"):
        store.rounds.heartbeat(claimed.id, claimed.fence)


def test_writing_to_an_unknown_round_says_so(store: Store) -> None:
    with pytest.raises(RoundNotFound):
        store.rounds.heartbeat("nowhere", 1)


def test_the_heartbeat_tells_the_worker_of_a_cancellation(store: Store) -> None:
    claimed = running(store)
    assert not store.rounds.heartbeat(claimed.id, claimed.fence).cancel_requested
    store.rounds.request_cancel(claimed.id)
    beat = store.rounds.heartbeat(claimed.id, claimed.fence)
    assert beat.cancel_requested
    assert beat.heartbeat_at is not None
    assert claimed.heartbeat_at is not None
    assert beat.heartbeat_at > claimed.heartbeat_at


def test_finishing_keeps_checkpoint_decision_and_reason(store: Store) -> None:
    claimed = running(store)
    store.rounds.set_snapshot(claimed.id, claimed.fence, "abc")
    decision = {"promote": False, "reasons": ["too long"], "evidence": {"kl": float("inf")}}
    done = store.rounds.finish(claimed.id, claimed.fence, RoundState.held, "v1", decision, "held back")
    assert (done.state, done.checkpoint, done.error, done.snapshot) == (
        RoundState.held,
        "v1",
        "held back",
        "abc",
    )
    assert done.decision == {"promote": False, "reasons": ["too long"], "evidence": {"kl": None}}
    assert done.finished_at is not None
    assert store.rounds.get(claimed.id) == done


def test_a_round_ends_only_in_a_final_state(store: Store) -> None:
    claimed = running(store)
    with pytest.raises(ValueError, match="final state"):
        store.rounds.finish(claimed.id, claimed.fence, RoundState.queued)


def test_finishing_twice_alike_changes_nothing_and_differently_is_refused(store: Store) -> None:
    claimed = running(store)
    store.checkpoints.add(Checkpoint("v1", "/v1"))
    done = store.rounds.finish(claimed.id, claimed.fence, RoundState.promoted, "v1", promote=True)
    store.checkpoints.rollback("owner")
    assert store.rounds.finish(claimed.id, claimed.fence, RoundState.promoted, "v1", promote=True) == done
    assert store.checkpoints.aliases()["latest"] == "base"
    with pytest.raises(StaleFence, match="promoted"):
        store.rounds.finish(claimed.id, claimed.fence, RoundState.failed, error="late")


def test_a_promotion_that_fails_leaves_the_round_running(store: Store) -> None:
    claimed = running(store)
    with pytest.raises(CheckpointNotFound):
        store.rounds.finish(claimed.id, claimed.fence, RoundState.promoted, "nowhere", promote=True)
    assert store.rounds.get(claimed.id).state is RoundState.running


def test_a_queued_round_is_cancelled_at_once(store: Store) -> None:
    store.rounds.add(queued := Round())
    cancelled = store.rounds.request_cancel(queued.id)
    assert (cancelled.state, cancelled.finished_at is None) == (RoundState.cancelled, False)
    assert store.rounds.request_cancel(queued.id) == cancelled
    assert store.rounds.claim(queued.id, "worker") is None


def test_a_round_that_is_over_cannot_be_cancelled(store: Store) -> None:
    claimed = running(store)
    store.rounds.finish(claimed.id, claimed.fence, RoundState.held)
    with pytest.raises(InvalidRound, match="held"):
        store.rounds.request_cancel(claimed.id)


def test_a_failed_round_is_resumed_with_a_clean_slate_and_the_next_fence(store: Store) -> None:
    claimed = running(store)
    store.rounds.request_cancel(claimed.id)
    store.rounds.finish(claimed.id, claimed.fence, RoundState.failed, error="out of memory")
    again = store.rounds.requeue(claimed.id)
    assert (again.state, again.error, again.cancel_requested, again.finished_at) == (
        RoundState.queued,
        "",
        False,
        None,
    )
    resumed = store.rounds.claim(claimed.id, "worker")
    assert resumed is not None
    assert (resumed.fence, resumed.attempt, resumed.started_at) == (2, 1, claimed.started_at)


@pytest.mark.parametrize("state", [RoundState.promoted, RoundState.held])
def test_a_round_that_came_to_a_decision_cannot_be_resumed(store: Store, state: RoundState) -> None:
    claimed = running(store)
    with pytest.raises(InvalidRound, match="running"):
        store.rounds.requeue(claimed.id)
    store.rounds.finish(claimed.id, claimed.fence, state)
    with pytest.raises(InvalidRound, match=state.value):
        store.rounds.requeue(claimed.id)


def test_a_silent_round_is_queued_again_until_its_attempts_are_spent(store: Store) -> None:
    round_id = running(store).id
    later = datetime.now(UTC) + minutes(1)
    assert store.rounds.requeue_stale(later, max_attempts=2) == [round_id]
    assert store.rounds.get(round_id) == replace(
        store.rounds.get(round_id), state=RoundState.queued, error="", finished_at=None
    )
    store.rounds.claim(round_id, "worker")
    assert store.rounds.requeue_stale(later, max_attempts=2) == []
    failed = store.rounds.get(round_id)
    assert (failed.state, failed.finished_at is None) == (RoundState.failed, False)
    assert "resume it" in failed.error


def test_a_silent_round_whose_cancellation_was_asked_for_is_cancelled(store: Store) -> None:
    claimed = running(store)
    store.rounds.request_cancel(claimed.id)
    assert store.rounds.requeue_stale(datetime.now(UTC) + minutes(1), max_attempts=1) == []
    cancelled = store.rounds.get(claimed.id)
    assert (cancelled.state, cancelled.error) == (RoundState.cancelled, "")


def test_a_round_whose_worker_answers_is_left_alone(store: Store) -> None:
    claimed = running(store)
    assert store.rounds.requeue_stale(datetime.now(UTC) - minutes(1), max_attempts=1) == []
    assert store.rounds.get(claimed.id) == claimed
