"""Rounds that nobody works on."""

from pathlib import Path

import pytest

from feedback_app.domain.round import Round, RoundState
from feedback_app.store import StaleFence, Store, migrate, open_store
from workers.reaper import reap


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    url = f"sqlite:///{tmp_path / 'codelynn.db'}"
    migrate(url)
    store = open_store(url)
    yield store
    store.close()


def queued(store: Store) -> str:
    made = Round()
    store.rounds.add(made)
    return made.id


def test_a_queued_round_without_a_message_is_sent(store: Store) -> None:
    round_id, sent = queued(store), list[str]()
    reap(store, 60, 3, lambda: 0, sent.append)
    assert sent == [round_id]


def test_nothing_is_sent_while_messages_wait(store: Store) -> None:
    queued(store)
    sent = list[str]()
    reap(store, 60, 3, lambda: 1, sent.append)
    assert sent == []


def test_a_silent_round_is_queued_again_and_its_old_worker_is_shut_out(store: Store) -> None:
    round_id, sent = queued(store), list[str]()
    old = store.rounds.claim(round_id, "dies")
    assert old is not None
    reap(store, -1, 3, lambda: 0, sent.append)
    assert sent == [round_id]
    with pytest.raises(StaleFence):
        store.rounds.heartbeat(round_id, old.fence)


def test_a_round_that_is_worked_on_is_left_alone(store: Store) -> None:
    round_id, sent = queued(store), list[str]()
    store.rounds.claim(round_id, "lives")
    reap(store, 60, 3, lambda: 0, sent.append)
    assert sent == []
    assert store.rounds.get(round_id).state is RoundState.running


def test_a_round_that_kills_its_worker_each_time_fails_in_the_end(store: Store) -> None:
    round_id = queued(store)
    for _ in range(3):
        store.rounds.claim(round_id, "dies")
        reap(store, -1, 3, lambda: 0, lambda _: None)
    ended = store.rounds.get(round_id)
    assert ended.state is RoundState.failed
    assert ended.error


def test_a_round_given_back_in_peace_has_not_used_an_attempt(store: Store) -> None:
    round_id = queued(store)
    for _ in range(5):
        claimed = store.rounds.claim(round_id, "shuts down")
        assert claimed is not None
        assert claimed.attempt == 1
        store.rounds.release(round_id, claimed.fence)
    assert store.rounds.get(round_id).state is RoundState.queued
