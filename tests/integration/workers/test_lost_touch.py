"""A worker that lost touch with the database, and the one that is given its round: neither harms what the other writes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy.exc import OperationalError

from alignment.checkpoints.publish import NameTaken, publish
from alignment.contract.spec import read_spec
from alignment.models.loading import load_tokenizer
from feedback_app.domain.round import Round, RoundState
from feedback_app.store import StaleFence, Store
from feedback_app.store.rounds import Rounds
from tests.integration.workers.test_rounds import newest, running
from tests.waiting import ended, until
from workers.context import WorkerContext
from workers.prepare import base_model, prepare_round
from workers.rounds import run_round

pytestmark = pytest.mark.integration
Scripted = Callable[..., WorkerContext]
Queue = Callable[[], Round]


@contextmanager
def cut_off() -> Iterator[None]:
    """The database answers nobody; it fails at once, as where the network says no."""

    def refused(*_: object, **__: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("no route to host"))

    with patch.object(Rounds, "heartbeat", refused), patch.object(Rounds, "progress", refused):
        yield


@contextmanager
def swallowed() -> Iterator[None]:
    """The database keeps everybody waiting, as where the network swallows what is sent."""
    free = threading.Event()

    def wait(*_: object, **__: object) -> None:
        free.wait(60)
        raise OperationalError("UPDATE", {}, Exception("timed out"))

    with patch.object(Rounds, "heartbeat", wait), patch.object(Rounds, "progress", wait):
        try:
            yield
        finally:
            free.set()


@pytest.mark.parametrize("away", [cut_off, swallowed])
@pytest.mark.parametrize("manner", [("event", "wait"), ("stubborn", "event", "wait")])
def test_a_worker_without_a_heartbeat_ends_its_trainer_before_the_round_is_given_away(
    scripted: Scripted,
    store: Store,
    queue: Queue,
    away: Callable[[], AbstractContextManager[None]],
    manner: tuple[str, ...],
) -> None:
    made = queue()
    shop = scripted(*manner)
    stale = timedelta(seconds=shop.settings.round_stale_seconds)
    with running(shop, made.id) as trainer:
        until(lambda: store.rounds.get(made.id).step == 1)
        with away():
            until(lambda: ended(trainer), 60)
            assert store.rounds.requeue_stale(datetime.now(UTC) - stale, 3) == [], "given away too early"
    assert store.rounds.get(made.id).state is RoundState.queued


def test_each_attempt_has_a_folder_of_its_own_and_goes_on_from_the_one_before(
    scripted: Scripted, store: Store, queue: Queue
) -> None:
    made = queue()
    shop = scripted("event", "exit 1")
    run_round(shop, made.id)
    first = newest(shop.root / "rounds" / made.id)
    (first / "train").mkdir()
    (first / "train" / "manifest.json").write_text("{}")
    store.rounds.requeue(made.id)
    run_round(shop, made.id)
    second = newest(shop.root / "rounds" / made.id)
    assert (first.name, second.name) == ("attempt-1", "attempt-2")
    assert (second / "train" / "manifest.json").exists()
    assert [event.step for event in store.rounds.events(made.id) if event.stage == "train"] == [1, 2]
    assert (first / "events.jsonl").read_text().count('"stage": "train"') == 1, (
        "the new attempt wrote into the old one"
    )
    assert read_spec(first).checkpoint_dir != read_spec(second).checkpoint_dir


def test_a_stale_worker_that_publishes_late_changes_nothing_that_counts(
    workshop: WorkerContext, store: Store, queue: Queue
) -> None:
    made = queue()
    stale = store.rounds.claim(made.id, "lost touch")
    assert stale is not None
    theirs = prepare_round(workshop.settings, store, stale, base_model(workshop.settings))
    store.rounds.requeue_stale(datetime.now(UTC) + timedelta(seconds=1), 3)
    run_round(workshop, made.id)
    ended_as = store.rounds.get(made.id)
    assert ended_as.state is RoundState.promoted
    assert ended_as.checkpoint is not None
    winner = store.checkpoints.get(ended_as.checkpoint)
    before = contents(Path(winner.path))

    theirs.checkpoint_dir.mkdir(parents=True)
    (theirs.checkpoint_dir / "manifest.json").write_text("{}")
    late = replace(winner, path=str(theirs.checkpoint_dir), manifest={})
    with pytest.raises(StaleFence):
        store.rounds.finish(made.id, stale.fence, RoundState.held, late.name, made=late)
    assert store.checkpoints.get(winner.name) == winner
    assert contents(Path(winner.path)) == before


def test_a_round_that_ended_but_for_its_row_is_finished_by_the_next_attempt_without_training(
    workshop: WorkerContext, store: Store, queue: Queue
) -> None:
    made = queue()
    away = patch.object(Rounds, "finish", side_effect=OperationalError("UPDATE", {}, Exception("away")))
    with away, pytest.raises(OperationalError):
        run_round(workshop, made.id)
    assert store.checkpoints.list() == [], "registered by a worker that could not finish"
    store.rounds.requeue_stale(datetime.now(UTC) + timedelta(seconds=1), 3)
    run_round(workshop, made.id)
    finished = store.rounds.get(made.id)
    assert (finished.state, finished.error) == (RoundState.promoted, "")
    assert finished.checkpoint is not None
    assert Path(store.checkpoints.get(finished.checkpoint).path).name == "attempt-2"
    assert any("was finished before" in event.message for event in store.rounds.events(made.id))
    left = [path.name for path in (workshop.root / "rounds" / made.id).iterdir()]
    assert left == ["attempt-2"]


def test_publishing_never_replaces_a_complete_checkpoint(
    workshop: WorkerContext, store: Store, queue: Queue
) -> None:
    made = queue()
    run_round(workshop, made.id)
    folder = newest(workshop.root / "rounds" / made.id)
    spec = read_spec(folder)
    before = contents(spec.checkpoint_dir)
    with pytest.raises(NameTaken):
        publish(spec, folder / "train" / "adapter", load_tokenizer(spec.base_dir), 1)
    assert contents(spec.checkpoint_dir) == before


def test_a_round_from_before_there_were_attempts_resumes(
    scripted: Scripted, store: Store, queue: Queue
) -> None:
    made = queue()
    run_round(scripted("event", "exit 1"), made.id)
    folder = newest(scripted("event").root / "rounds" / made.id)
    for path in list(folder.iterdir()):
        path.rename(folder.parent / path.name)
    folder.rmdir()
    store.rounds.requeue(made.id)
    run_round(scripted("event", "refuse"), made.id)
    assert [event.step for event in store.rounds.events(made.id) if event.stage == "train"] == [1, 2]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
