"""Rounds through a real Valkey and real Celery workers, as `codelynn up` runs them."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from feedback_app.domain.round import Round, RoundState
from feedback_app.embedded.plan import LocalResources, Part, Plan, make_plan
from feedback_app.embedded.supervisor import Supervisor
from feedback_app.embedded.valkey import find_server, write_config
from feedback_app.processes.local_files import free_port
from feedback_app.services.rounds.queue import RoundQueue
from feedback_app.settings import Settings
from feedback_app.store import Store
from tests.paths import PROJECT
from tests.waiting import until

pytestmark = pytest.mark.integration
PASSED_ON = (
    *("base_model", "engine", "gate_packs", "personas", "persona", "gate_min_accuracy", "gate_max_kl"),
    *("gate_min_length_ratio", "gate_max_length_ratio", "gate_max_perplexity_ratio", "gate_max_nll_rise"),
    *("round_stale_seconds", "train_threads", "argilla_enabled"),
)


@dataclass
class Machine:
    """Parts of a plan that can be started one by one. `said` is what the supervisor told."""

    plan: Plan
    supervisor: Supervisor
    said: list[str]

    def start(self, name: str) -> None:
        self.supervisor.start(self.part(name))

    def part(self, name: str) -> Part:
        return next(part for part in (*self.plan.first, *self.plan.main) if part.name == name)

    def command(self, name: str) -> psutil.Process:
        """The process of a part, without its leash."""
        child = next(each.child for each in self.supervisor.running if each.part.name == name)
        assert child is not None
        return psutil.Process(child.pid).children()[0]


@pytest.fixture
def machine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    for name in PASSED_ON:
        monkeypatch.setenv(f"CODELYNN_{name.upper()}", str(getattr(settings, name)))
    port = free_port()
    write_config(settings.root / "run" / "valkey.conf", settings.root / "valkey", port, "secret")
    local = LocalResources(PROJECT, free_port(), find_server(), port, "secret")
    said: list[str] = []
    machine = Machine(make_plan(settings, local), Supervisor(said.append), said)
    yield machine
    machine.supervisor.stop()


def watched(machine: Machine, predicate: Callable[[], object]) -> Callable[[], object]:
    """The predicate, looked at while the supervisor watches over its parts."""

    def look() -> object:
        machine.supervisor.watch()
        return predicate()

    return look


def trainers(home: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if "alignment.round" in (line := process.info["cmdline"] or []) and str(home) in " ".join(line)
    ]


def test_a_round_queued_while_redis_is_away_runs_once_when_it_is_back(
    machine: Machine, store: Store, queue: Callable[[], Round]
) -> None:
    made = queue()
    machine.start("rounds worker")
    machine.start("default worker")
    messages = RoundQueue(machine.plan.addresses.redis_url)
    assert not messages.send(made.id)
    machine.start("queue (Valkey)")
    machine.supervisor.wait_ready(machine.part("queue (Valkey)"))
    until(lambda: store.rounds.get(made.id).state is not RoundState.queued, 60)
    assert messages.send(made.id)  # the same message again, while the round runs
    until(lambda: store.rounds.get(made.id).state.final, 400)
    ended = store.rounds.get(made.id)
    assert (ended.state, ended.attempt, ended.fence) == (RoundState.promoted, 1, 1)
    assert store.checkpoints.aliases()["latest"] == ended.checkpoint
    log = machine.part("rounds worker").command.log
    until(lambda: "nothing to do" in log.read_text(), 30)


def test_a_round_whose_worker_was_killed_is_finished_by_the_next(
    machine: Machine, store: Store, settings: Settings, queue: Callable[[], Round]
) -> None:
    for name in ("queue (Valkey)", "rounds worker", "default worker"):
        machine.start(name)
    made = queue()
    until(lambda: store.rounds.get(made.id).stage, 300)
    worker = machine.command("rounds worker")
    before = trainers(settings.root)
    worker.send_signal(signal.SIGKILL)
    until(watched(machine, lambda: machine.said), 10)
    assert "signal 9" in machine.said[0]
    until(lambda: not any(each.is_running() for each in before), 45)
    until(watched(machine, lambda: store.rounds.get(made.id).state.final), 400)
    ended = store.rounds.get(made.id)
    assert (ended.state, ended.attempt, ended.error) == (RoundState.promoted, 2, "")
    numbers = [event.seq for event in store.rounds.events(made.id)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_stopping_everything_gives_the_round_back_and_the_next_start_finishes_it(
    machine: Machine, store: Store, settings: Settings, queue: Callable[[], Round]
) -> None:
    for name in ("queue (Valkey)", "rounds worker", "default worker"):
        machine.start(name)
    made = queue()
    until(lambda: store.rounds.get(made.id).stage, 300)
    machine.supervisor.stop()
    assert trainers(settings.root) == []
    assert store.rounds.get(made.id).state is RoundState.queued
    for name in ("queue (Valkey)", "rounds worker", "default worker"):
        machine.start(name)
    until(lambda: store.rounds.get(made.id).state.final, 400)
    ended = store.rounds.get(made.id)
    assert (ended.state, ended.attempt) == (RoundState.promoted, 1)
    assert (settings.root / "run" / "valkey.conf").stat().st_mode & 0o077 == 0
