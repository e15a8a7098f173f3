"""Rounds that train a reward model, by the real trainer on a tiny model, and the commands that use it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from alignment.contract.errors import RoundRefused
from alignment.contract.manifests.reward import read_reward
from alignment.contract.spec import RoundSpec
from alignment.methods.reward import run_reward_round
from alignment.stop_signal import Interrupted, StopSignal
from feedback_app.cli import app
from feedback_app.domain.round import Round, RoundState
from feedback_app.formats import jsonl, rankings
from feedback_app.services.reward.reward_models import RewardModelRegistry
from feedback_app.settings import Settings
from feedback_app.store import Store
from tests.integration.alignment.rounds import QUICK
from tests.integration.workers.conftest import verdict
from workers.context import WorkerContext
from workers.prepare import base_model, prepare_round
from workers.rounds import run_round

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"),  # PEFT's
]
Codelynn = Callable[..., Result]


def run(shop: WorkerContext, store: Store, **fields: object) -> Round:
    made = Round(**fields)  # type: ignore[arg-type]
    store.rounds.add(made)
    run_round(shop, made.id)
    return store.rounds.get(made.id)


def spec_of(shop: WorkerContext, store: Store) -> tuple[Path, RoundSpec]:
    made = Round(method="reward", config={"epochs": 1})
    store.rounds.add(made)
    claimed = store.rounds.claim(made.id, "a worker")
    assert claimed is not None
    return shop.root / "rounds" / made.id / "attempt-1", prepare_round(
        shop.settings, store, claimed, base_model(shop.settings)
    )


def test_a_reward_round_ends_with_a_reward_model_and_leaves_every_version_alone(
    workshop: WorkerContext, store: Store
) -> None:
    before = store.checkpoints.aliases()
    ended = run(workshop, store, method="reward", config={"epochs": 1, "max_length": 128})
    assert (ended.state, ended.error, ended.checkpoint) == (RoundState.promoted, "", None)
    assert (store.checkpoints.list(), store.checkpoints.aliases()) == ([], before)
    assert ended.decision is not None
    assert "held-out pairs" in ended.decision["reasons"][1]

    (found,) = RewardModelRegistry(workshop.root / "rewards").all()
    manifest = read_reward(found.folder)
    assert manifest.passed
    assert manifest.snapshot == ended.snapshot
    assert manifest.config["max_length"] == 128
    assert manifest.evaluation.pairs + manifest.evaluation.heldout_pairs == 24
    assert {path.suffix for path in found.folder.rglob("*.*")} <= {".safetensors", ".json"}
    assert base_model(workshop.settings).hash == manifest.base.hash
    events = store.rounds.events(ended.id)
    assert {event.stage for event in events} == {"snapshot", "reward"}
    assert events[-1].percent == 100


def test_a_dpo_round_trains_one_first_if_asked_to_and_hears_it_in_the_gate(
    workshop: WorkerContext, store: Store
) -> None:
    ended = run(workshop, store, config=QUICK | {"learning_rate": 1e-4, "reward": True})
    assert ended.error == ""
    assert ended.decision is not None
    judged = ended.decision["evidence"]["reward"]
    assert judged["prompts"] == QUICK["gate_prompts"]
    assert 0 <= judged["low"] <= judged["win_rate"] <= judged["high"] <= 1
    assert any("reward model prefers" in reason for reason in ended.decision["reasons"])
    assert ended.checkpoint is not None
    manifest = store.checkpoints.get(ended.checkpoint).manifest
    assert (manifest["champion"], manifest["gate"]["evidence"]["reward"]) == ("base", judged)


def test_rankings_that_say_nothing_end_the_round_with_the_reason(
    workshop: WorkerContext, store: Store, settings: Settings
) -> None:
    for comparison in list(store.comparisons.with_rankings()):
        ranking = comparison.ranking
        assert ranking is not None
        store.comparisons.rank(comparison.id, replace(ranking, groups=(("c1", "c2"),)), ())
    ended = run(workshop, store, method="reward")
    assert ended.state is RoundState.failed
    assert ended.error.startswith("all rankings are ties")
    assert not list((settings.root / "rewards").glob("[!.]*"))


def test_a_stopped_reward_stage_leaves_nothing_complete_and_begins_anew(
    workshop: WorkerContext, store: Store
) -> None:
    folder, spec = spec_of(workshop, store)
    assert spec.reward_dir is not None
    stop = StopSignal()
    stop.requested = True
    with pytest.raises(Interrupted):
        run_reward_round(folder, spec, stop)
    assert not spec.reward_dir.exists()
    run_reward_round(folder, spec, StopSignal())
    assert read_reward(spec.reward_dir).round_id == spec.round_id
    made = (spec.reward_dir / "manifest.json").stat().st_mtime_ns
    run_reward_round(folder, spec, StopSignal())
    assert (spec.reward_dir / "manifest.json").stat().st_mtime_ns == made


def test_a_snapshot_from_before_is_refused_in_one_line(workshop: WorkerContext, store: Store) -> None:
    folder, spec = spec_of(workshop, store)
    (spec.snapshot_dir / "rankings.parquet").unlink()
    with pytest.raises(RoundRefused, match="queue a new round"):
        run_reward_round(folder, spec, StopSignal())


@pytest.fixture
def codelynn(settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch) -> Codelynn:
    for name in ("home", "base_model", "engine", "personas", "persona", "gate_packs"):
        monkeypatch.setenv(f"CODELYNN_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("CODELYNN_REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("CODELYNN_ARGILLA_ENABLED", "false")

    def call(*words: str, given: bytes = b"") -> Result:
        return CliRunner().invoke(app, ["reward", *words], input=given)

    return call


def test_without_a_reward_model_every_command_says_how_to_train_one(codelynn: Codelynn) -> None:
    for words in (["evaluate"], ["score", "--prompt", "Hi", "--reply", "Hello"]):
        answer = codelynn(*words)
        assert (answer.exit_code, answer.output) == (
            1,
            "codelynn: there is no reward model yet: train one: codelynn reward train\n",
        )
    assert codelynn("score", "--prompt", "Hi").exit_code == 2
    assert codelynn("train", "--set", "beta=1").exit_code == 2


def test_train_queues_a_round_of_its_own_method(codelynn: Codelynn, store: Store) -> None:
    answer = codelynn("train", "--no-watch", "--set", "epochs=1")
    assert answer.exit_code == 0, answer.output
    (queued,) = store.rounds.list(1)
    assert (queued.method, queued.config["epochs"], "beta" in queued.config) == ("reward", 1, False)


def test_a_trained_reward_model_is_evaluated_and_scores_replies(
    codelynn: Codelynn, workshop: WorkerContext, store: Store
) -> None:
    run(workshop, store, method="reward", config={"epochs": 1, "max_length": 128})
    table = codelynn("evaluate")
    assert table.exit_code == 0, table.output
    assert "accuracy" in table.output
    assert "95 % interval" in table.output
    record = json.loads(codelynn("evaluate", "--json").stdout)
    assert record["heldout_pairs"] > 0
    assert codelynn("evaluate", "nobody").exit_code == 2

    one = json.loads(codelynn("score", "--prompt", "Hi", "--reply", "No.", "--reply", "Hello!").stdout)
    assert [len(one["rewards"]), one["replies"]] == [2, ["No.", "Hello!"]]
    turns = [{"role": "user", "content": "Hi"}]
    lines = [
        json.dumps({"messages": turns, "replies": ["No.", "Hello!"], "id": 7}),
        '{"prompt": "Hi"}',
        json.dumps({"prompt": "Hi", "replies": ["", "日本語"]}),
        "nonsense",
    ]
    scored = codelynn("score", given="\n".join(lines).encode())
    assert scored.exit_code == 1
    first, second = map(json.loads, scored.stdout.splitlines())
    assert (first["id"], first["rewards"]) == (7, pytest.approx(one["rewards"], abs=1e-4))
    assert len(second["rewards"]) == 2
    assert "line 2: `replies` is missing" in scored.stderr
    assert "line 4: is not JSON" in scored.stderr


def test_rankings_of_a_file_can_be_evaluated(
    codelynn: Codelynn, workshop: WorkerContext, store: Store, tmp_path: Path
) -> None:
    run(workshop, store, method="reward", config={"epochs": 1, "max_length": 128})
    file = tmp_path / "rankings.jsonl"
    file.write_bytes(
        b"".join(jsonl.dumped(rankings.dump(verdict(f"Q{i}", "Fine, thanks."))) for i in range(5))
    )
    assert json.loads(codelynn("evaluate", "--json", "--file", str(file)).stdout)["heldout_pairs"] == 5
    file.write_bytes(b"{}\n")
    refused = codelynn("evaluate", "--file", str(file))
    assert (refused.exit_code, "line 1" in refused.stderr) == (1, True)
