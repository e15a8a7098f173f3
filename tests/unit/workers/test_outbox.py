"""Bringing verdicts to a desk."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedback_app.desks.base import DeskRefused, DeskUnavailable
from feedback_app.store import Store, migrate, open_store
from tests.fakes import RecordingDesk
from tests.unit.workers.examples import ranked
from workers.outbox import deliver_due, record, wait_after

AWAY = DeskUnavailable("no answer")


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    url = f"sqlite:///{tmp_path / 'codelynn.db'}"
    migrate(url)
    store = open_store(url)
    yield store
    store.close()


def vote(store: Store, count: int) -> list[str]:
    verdicts = [ranked(f"question {number}") for number in range(count)]
    store.comparisons.add_all(verdicts)
    ids = [verdict.id for verdict in verdicts]
    store.outbox.enqueue(ids, ["argilla"])
    return ids


def test_verdicts_arrive_in_order_and_are_forgotten(store: Store) -> None:
    ids = vote(store, 3)
    desk = RecordingDesk()
    assert deliver_due(store, {"argilla": desk}) == 3
    assert [each.comparison_id for each in desk.records] == ids
    assert store.outbox.counts() == {"pending": 0, "refused": 0}


def test_a_desk_that_is_away_is_asked_once_and_nothing_is_lost(store: Store) -> None:
    vote(store, 3)
    desk = RecordingDesk(AWAY)
    assert deliver_due(store, {"argilla": desk}) == 0
    assert desk.calls == 1
    assert store.outbox.counts()["pending"] == 3
    (first,) = store.outbox.due(datetime.now(UTC) + timedelta(seconds=5), 1)
    assert first.attempts == 1


def test_a_refused_verdict_is_set_aside_and_the_rest_goes_on(store: Store) -> None:
    vote(store, 2)
    desk = RecordingDesk(DeskRefused("not like this"))
    assert deliver_due(store, {"argilla": desk}) == 2
    assert len(desk.records) == 1
    assert store.outbox.counts() == {"pending": 0, "refused": 1}


def test_without_a_desk_verdicts_wait(store: Store) -> None:
    vote(store, 1)
    deliver_due(store, {})
    assert store.outbox.counts()["pending"] == 1
    assert store.outbox.due(datetime.now(UTC), 10) == []


def test_the_record_is_what_was_shown_with_the_verdict_of_now() -> None:
    made = record(ranked("Hello", (("c2",), ("c1", "c3")), note="warm", aspects=("warm",)))
    assert [candidate[0] for candidate in made.candidates] == ["c1", "c2", "c3"]
    assert made.ranking == (("c2",), ("c1", "c3"))
    assert (made.note, made.aspects, made.annotator) == ("warm", ("warm",), "owner")


def test_waiting_doubles_up_to_a_minute() -> None:
    waits = [wait_after(attempts) for attempts in range(100)]
    assert waits[:6] == [2, 4, 8, 16, 32, 60]
    assert max(waits) == 60
