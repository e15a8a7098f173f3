"""Several workers and one desk: one works with it at a time, and each record is delivered once."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from feedback_app.desks.base import DeskRecord, DeskUnavailable, Pushed
from feedback_app.services.annotation import sync
from feedback_app.services.annotation.sync import DeskSync
from feedback_app.store import Store, open_store
from tests.fakes import RecordingDesk
from tests.unit.workers.examples import ranked
from tests.waiting import until


class SlowDesk(RecordingDesk):
    """Stays in the middle of a push until the test lets it go on, and counts what each push brings."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go_on = threading.Event(), threading.Event()
        self.brought: list[int] = []

    def push(self, records: Sequence[DeskRecord]) -> Pushed:
        self.began.set()
        assert self.go_on.wait(60)
        self.brought.append(len(records))
        return super().push(records)


def test_a_second_worker_leaves_the_desk_alone_until_the_first_is_done(store: Store, url: str) -> None:
    store.comparisons.add_all([ranked(f"question {n}") for n in range(3)], ["argilla"])
    desk, other = SlowDesk(), open_store(url)
    first = threading.Thread(target=DeskSync(store, desk).run)
    first.start()
    try:
        assert desk.began.wait(60)
        DeskSync(other, desk).run()
        assert desk.brought == [], "the second worker waited or pushed"
    finally:
        desk.go_on.set()
        first.join(60)
    DeskSync(other, desk).run()
    other.close()
    assert desk.brought == [3]
    assert store.outbox.counts("argilla") == {"pending": 0, "refused": 0}


def test_many_beats_at_once_deliver_each_record_once(store: Store) -> None:
    store.comparisons.add_all([ranked(f"question {n}") for n in range(5)], ["argilla"])
    desk = SlowDesk()
    desk.go_on.set()
    with ThreadPoolExecutor(6) as beats:
        list(beats.map(lambda _: DeskSync(store, desk).run(), range(12)))
    assert sum(desk.brought) == 5


def test_a_turn_is_free_again_where_its_holder_died(store: Store) -> None:
    def die() -> None:
        with store.desks.turn("argilla") as ours:
            assert ours
            raise KeyError

    with pytest.raises(KeyError):
        die()
    with store.desks.turn("argilla") as again:
        assert again


def test_turns_of_two_desks_have_nothing_to_do_with_each_other(store: Store) -> None:
    with store.desks.turn("argilla") as one, store.desks.turn("label-studio") as other:
        assert one
        assert other


def test_who_waits_for_a_turn_gets_it_once_it_is_free_or_hears_that_it_is_not(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = DeskSync(store, RecordingDesk())
    got = threading.Event()

    def alone() -> None:
        with waiting.alone():
            got.set()

    thread = threading.Thread(target=alone)
    with store.desks.turn("argilla"):
        thread.start()
        assert not got.wait(0.5)
        monkeypatch.setattr(sync, "PATIENCE", 0.1)
        with (
            pytest.raises(DeskUnavailable, match="wait until it is done"),
            DeskSync(store, RecordingDesk()).alone(),
        ):
            pass
    until(got.is_set)
    thread.join(60)
