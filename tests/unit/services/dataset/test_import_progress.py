"""An import tells how far it is, and leaves nothing behind where it is ended."""

import json
from collections.abc import Callable

import pytest

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import Demonstration
from feedback_app.services.dataset.dataset import Dataset, ExportCount
from feedback_app.services.dataset.imports import Cancelled, Import, Meter, Progress
from feedback_app.store import Store
from tests.waiting import until

PAIRS = [{"prompt": f"Question {i}", "chosen": f"Good {i}", "rejected": f"Bad {i}"} for i in range(1200)]
CONTENT = "\n".join(map(json.dumps, PAIRS)).encode()
SINGLE = [
    {"prompt": [{"role": "user", "content": "Hi"}], "completion": f"Hello {i}", "label": True}
    for i in range(1200)
]


def stops_at(step: str, done: int) -> Callable[[Progress], None]:
    def watch(progress: Progress) -> None:
        if progress.step == step and progress.done >= done:
            raise Cancelled

    return watch


def test_bytes_and_records_are_counted_as_they_flow() -> None:
    seen: list[Progress] = []
    meter = Meter(seen.append, 10)
    assert list(meter.pieces([b"12345", b"67890"])) == [b"12345", b"67890"]
    assert [(p.step, p.done, p.total) for p in seen] == [("reading", 5, 10), ("reading", 10, 10)]
    list(meter.read(range(250)))
    assert seen[-1] == Progress("reading", 10, 10, records=200)
    meter.stored(250)(100)
    assert seen[-1] == Progress("storing", 100, 250, records=200)


def test_an_import_is_read_compared_and_stored(store: Store) -> None:
    seen: list[Progress] = []
    report = Dataset(store).import_("trl", CONTENT, seen.append)
    assert report.added == 1200
    assert list(dict.fromkeys(p.step for p in seen)) == ["reading", "comparing", "storing"]
    assert max(p.done for p in seen if p.step == "reading") == len(CONTENT)
    assert sorted({p.done for p in seen if p.step == "storing"}) == [0, 500, 1000, 1200]
    assert {p.total for p in seen if p.step == "storing"} == {1200}


@pytest.mark.parametrize(
    ("step", "done"), [("reading", 1), ("comparing", 0), ("storing", 0), ("storing", 500), ("storing", 1200)]
)
@pytest.mark.parametrize("format", ["trl", "kto"])
def test_an_import_that_is_ended_leaves_nothing_behind_and_can_be_begun_again(
    store: Store, step: str, done: int, format: str
) -> None:
    data = Dataset(store)
    content = CONTENT if format == "trl" else "\n".join(map(json.dumps, SINGLE)).encode()
    with pytest.raises(Cancelled):
        data.import_(format, content, stops_at(step, done))
    assert (
        store.comparisons.counts()["ranked"] == store.ratings.count() == store.outbox.counts()["pending"] == 0
    )
    assert data.import_(format, content).added == 1200


def test_an_import_in_the_background_is_watched_and_cancelled(store: Store) -> None:
    data = Dataset(store)
    begun = Import(lambda watch: data.import_("trl", CONTENT, watch))
    begun.cancel()  # before it has begun
    begun.start()
    assert begun.done.wait(20)
    with pytest.raises(Cancelled):
        begun.report()
    again = Import(lambda watch: data.import_("trl", CONTENT, watch))
    again.start()
    until(again.done.is_set, 20)
    assert again.report().added == 1200
    assert again.progress.step == "storing"


def test_what_went_wrong_in_the_background_is_raised_where_it_is_asked_for() -> None:
    def broken(watch: object) -> None:
        raise OSError("no space left")

    begun = Import(broken)  # type: ignore[arg-type]
    begun.start()
    begun.done.wait(20)
    with pytest.raises(OSError, match="no space"):
        begun.report()


def test_exports_are_counted_once_for_as_long_as_nothing_changes(store: Store) -> None:
    data = Dataset(store)
    assert data.known_sizes() == {}
    data.import_("trl", CONTENT)
    sizes = data.sizes()
    assert (sizes["trl"], sizes["kto"].records, sizes["sft"].records) == (ExportCount(1200, 0), 2400, 0)
    assert data.known_sizes() is sizes
    assert data.sizes() is sizes
    store.demonstrations.add_all([Demonstration((Message("user", "Hi"),), "Hello")])
    assert data.known_sizes() == {}
    assert data.sizes()["sft"].records == 1
