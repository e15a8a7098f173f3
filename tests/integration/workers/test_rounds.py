"""A round in a worker, with trainers that end in every way. The store is real, the trainers are processes."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alignment.contract.sampling import limits_of
from alignment.contract.snapshot import read_snapshot
from alignment.contract.spec import read_spec
from feedback_app.domain.round import Round, RoundState
from feedback_app.settings import Settings
from feedback_app.store import Store
from tests.waiting import ended, until
from workers.context import WorkerContext
from workers.outcome import OUT_OF_MEMORY, STOPPED_OUTSIDE
from workers.rounds import run_round

pytestmark = pytest.mark.integration
Scripted = Callable[..., WorkerContext]
Queue = Callable[[], Round]


def newest(folder: Path) -> Path:
    """The folder of the last attempt."""
    return max(folder.glob("attempt-*"), key=lambda path: int(path.name.removeprefix("attempt-")))


@contextmanager
def running(shop: WorkerContext, round_id: str) -> Iterator[int]:
    """The round in a thread; yields the trainer's process id once it waits, and ends with the round."""
    worker = threading.Thread(target=run_round, args=(shop, round_id))
    worker.start()
    rounds = shop.root / "rounds" / round_id
    try:
        until(lambda: any(flag.read_text() for flag in rounds.glob("attempt-*/waiting")))
        yield int(newest(rounds).joinpath("waiting").read_text())
    finally:
        worker.join(30)
        assert not worker.is_alive()


def test_a_real_round_on_a_tiny_model_is_promoted(
    workshop: WorkerContext, store: Store, queue: Queue
) -> None:
    made = queue()
    run_round(workshop, made.id)
    ended = store.rounds.get(made.id)
    assert (ended.state, ended.error) == (RoundState.promoted, "")
    assert ended.checkpoint is not None
    checkpoint = store.checkpoints.get(ended.checkpoint)
    assert checkpoint.passed
    assert checkpoint.manifest["snapshot"] == ended.snapshot
    assert Path(checkpoint.path) == workshop.root / "checkpoints" / ended.checkpoint / "attempt-1"
    assert (Path(checkpoint.path) / "adapter" / "adapter_model.safetensors").exists()
    assert store.checkpoints.aliases()["latest"] == ended.checkpoint
    assert [event.seq for event in store.rounds.events(made.id)][:3] == [1, 2, 3]
    assert ended.decision is not None
    assert ended.decision["promote"]


def test_a_damaged_checkpoint_is_not_registered(workshop: WorkerContext, store: Store, queue: Queue) -> None:
    made = queue()
    run_round(workshop, made.id)
    (name,) = [each.name for each in store.checkpoints.list()]
    weights = Path(store.checkpoints.get(name).path) / "adapter" / "adapter_model.safetensors"
    with weights.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    # Another queued round under the first one's id: all its stages are done, only the end is repeated.
    again = Round(id=f"{made.id[:6]}-again", config=made.config, created_at=made.created_at)
    store.rounds.add(again)
    (workshop.root / "rounds" / made.id).rename(workshop.root / "rounds" / again.id)
    run_round(workshop, again.id)
    ended = store.rounds.get(again.id)
    assert ended.state is RoundState.failed
    assert "adapter" in ended.error


def test_progress_is_in_the_store_while_the_trainer_runs(
    scripted: Scripted, store: Store, queue: Queue
) -> None:
    made = queue()
    shop = scripted("event", "event", "wait")
    with running(shop, made.id):
        until(lambda: store.rounds.get(made.id).step == 2)
        shown = store.rounds.get(made.id)
        assert (shown.stage, shown.percent, shown.metrics) == ("train", 20.0, {"loss": 0.5})
        store.rounds.request_cancel(made.id)


def test_cancel_ends_the_trainer_and_resume_goes_on_with_the_same_snapshot(
    scripted: Scripted, store: Store, queue: Queue
) -> None:
    made = queue()
    with running(scripted("event", "wait"), made.id) as trainer:
        store.rounds.request_cancel(made.id)
    assert ended(trainer)
    cancelled = store.rounds.get(made.id)
    assert cancelled.state is RoundState.cancelled
    store.rounds.requeue(made.id)
    run_round(scripted("event", "refuse"), made.id)
    resumed = store.rounds.get(made.id)
    assert resumed.snapshot == cancelled.snapshot != ""
    assert [event.step for event in store.rounds.events(made.id) if event.stage == "train"] == [1, 2]


def test_a_trainer_that_ignores_the_signal_is_killed_after_the_grace(
    scripted: Scripted, store: Store, queue: Queue
) -> None:
    made = queue()
    with running(scripted("stubborn", "wait"), made.id) as trainer:
        store.rounds.request_cancel(made.id)
    assert ended(trainer)
    assert store.rounds.get(made.id).state is RoundState.cancelled


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("kill",), OUT_OF_MEMORY),
        (("refuse",), "only 3 training pairs: rank more"),
        (("exit 143",), STOPPED_OUTSIDE),
        (("exit 0",), "the trainer ended without a decision: see its trainer.log"),
    ],
)
def test_a_failed_round_says_why(
    scripted: Scripted, store: Store, queue: Queue, words: tuple[str, ...], error: str
) -> None:
    made = queue()
    run_round(scripted("event", *words), made.id)
    ended = store.rounds.get(made.id)
    assert (ended.state, ended.error) == (RoundState.failed, error)
    assert ended.step == 1


def test_a_round_that_was_taken_away_is_dropped_and_its_trainer_killed(
    scripted: Scripted, store: Store, queue: Queue
) -> None:
    made = queue()
    with running(scripted("event", "wait"), made.id) as trainer:
        until(lambda: store.rounds.get(made.id).step == 1)
        fence = store.rounds.get(made.id).fence
        store.rounds.release(made.id, fence)
        taken = store.rounds.claim(made.id, "another worker")
        assert taken is not None
        until(lambda: ended(trainer), 15)
    now = store.rounds.get(made.id)
    assert (now.state, now.fence, now.error) == (RoundState.running, fence + 1, "")


def test_a_worker_that_shuts_down_gives_its_round_back(
    scripted: Scripted, store: Store, queue: Queue
) -> None:
    made = queue()
    shop = scripted("event", "wait")
    with running(shop, made.id) as trainer:
        shop.stopping.set()
    assert ended(trainer)
    waiting = store.rounds.get(made.id)
    assert (waiting.state, waiting.attempt, waiting.error) == (RoundState.queued, 0, "")


def test_a_message_that_comes_twice_runs_the_round_once(
    scripted: Scripted, store: Store, queue: Queue
) -> None:
    made = queue()
    shop = scripted("event", "wait")
    with running(shop, made.id):
        run_round(shop, made.id)
        assert store.rounds.get(made.id).attempt == 1
        store.rounds.request_cancel(made.id)
    run_round(shop, made.id)
    assert store.rounds.get(made.id).state is RoundState.cancelled


def test_a_setting_that_is_not_allowed_fails_the_round_in_one_line(
    workshop: WorkerContext, store: Store
) -> None:
    made = Round(config={"learning_rate": -1})
    store.rounds.add(made)
    run_round(workshop, made.id)
    ended = store.rounds.get(made.id)
    assert ended.state is RoundState.failed
    assert "learning_rate" in ended.error
    assert "\n" not in ended.error


def test_a_snapshot_reports_its_progress_and_the_trainer_goes_on_from_it(
    scripted: Scripted, store: Store, queue: Queue
) -> None:
    made = queue()
    run_round(scripted("event", "exit 1"), made.id)
    first, *_, last = store.rounds.events(made.id)
    assert (first.seq, first.stage, first.step, first.total) == (1, "snapshot", 0, 24)
    assert first.seconds_left is not None
    assert first.seconds_left > 0
    assert (last.stage, last.step) == ("train", 1)


def test_cancel_ends_a_snapshot_that_is_being_written(
    workshop: WorkerContext, store: Store, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = queue()
    reading, rows = threading.Event(), type(store.training).rows

    def slowly(training: Any) -> Iterator[Any]:
        reading.set()
        until(lambda: store.rounds.get(made.id).cancel_requested)
        while True:  # as if there were no end of comparisons
            yield from rows(training)

    monkeypatch.setattr(type(store.training), "rows", slowly)
    worker = threading.Thread(target=run_round, args=(replace(workshop, settings=brisk(workshop)), made.id))
    worker.start()
    assert reading.wait(30)
    store.rounds.request_cancel(made.id)
    worker.join(30)
    assert store.rounds.get(made.id).state is RoundState.cancelled
    assert list((workshop.root / "snapshots").glob("*")) == []


def test_a_shutdown_gives_a_round_back_whose_snapshot_is_being_written(
    workshop: WorkerContext, store: Store, queue: Queue
) -> None:
    made = queue()
    workshop.stopping.set()
    run_round(workshop, made.id)
    assert store.rounds.get(made.id).state is RoundState.queued


def brisk(workshop: WorkerContext) -> Settings:
    """Settings whose heartbeat learns of a cancel within half a second."""
    return workshop.settings.model_copy(update={"round_stale_seconds": 2})


def test_a_round_uses_as_many_pairs_as_it_was_queued_with(
    scripted: Scripted, store: Store, settings: Settings
) -> None:
    made = Round(config={"max_pairs": 9})
    store.rounds.add(made)
    run_round(scripted("exit 1"), made.id)
    spec = read_spec(newest(settings.root / "rounds" / made.id))
    read = read_snapshot(spec.snapshot_dir, limits_of(spec.config))
    assert (len(read.train), read.available["pairs"] > 9) == (9, True)
    (event, *_) = store.rounds.events(made.id)
    assert f"It uses 9 of {read.available['pairs']} pairs, as max_pairs says" in event.message
