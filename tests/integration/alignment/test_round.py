"""A whole round by the real trainer on a tiny model: what it leaves, and that it survives being stopped and killed."""

import json
import shutil
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from alignment.checkpoints.registry import read_checkpoint
from alignment.contract.manifests.checkpoint import CorruptCheckpoint
from alignment.contract.methods import round_config
from tests.integration.alignment.conftest import LONG
from tests.integration.alignment.rounds import (
    QUICK,
    events,
    manifest,
    prepare_round,
    run,
    start,
    write_snapshot,
)
from tests.waiting import until

# Seconds each on a free machine; the limits are for one that is busy.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]


def checkpoint_of(folder: Path) -> Path:
    return folder.parent.parent / "checkpoints" / folder.name


def trained_steps(folder: Path) -> list[int]:
    return [event["step"] for event in events(folder) if event["stage"] == "train" and event["metrics"]]


def test_a_round_ends_with_a_decision_and_a_verified_checkpoint_of_safetensors(finished: Path) -> None:
    decision = json.loads((finished / "gate" / "decision.json").read_text())
    published = read_checkpoint(checkpoint_of(finished))
    assert decision["promote"] is True
    assert published.manifest.passed
    assert published.manifest.gate.record() == decision
    assert published.manifest.training.changed
    assert published.manifest.config == round_config("dpo", QUICK | LONG).model_dump(mode="json")
    files = {
        path.relative_to(published.adapter_dir.parent).as_posix()
        for path in checkpoint_of(finished).rglob("*.*")
    }
    assert files == {
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "ct2/config.json",
        "ct2/model.bin",
        "ct2/vocabulary.json",
        "manifest.json",
    }


def test_a_round_learns_what_the_owner_prefers(finished: Path) -> None:
    evidence = json.loads((finished / "gate" / "decision.json").read_text())["evidence"]
    assert evidence["heldout_correct"] == evidence["heldout_pairs"] == 4
    assert evidence["kl"] is not None  # an estimate from four replies: it may even be below 0
    assert evidence["perplexity"]["all"] > 0
    assert evidence["tone"] is None  # four replies are too few to tell


def test_progress_grows_to_100_percent_with_an_estimate_of_the_rest(finished: Path) -> None:
    seen = events(finished)
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    assert all(before["percent"] <= after["percent"] for before, after in pairwise(seen))
    assert (seen[-1]["percent"], seen[-1]["seconds_left"]) == (100.0, 0.0)
    assert any(event["seconds_left"] for event in seen)
    assert {event["stage"] for event in seen} == {"train", "publish", "gate"}


def test_nothing_that_was_said_is_in_logs_or_events(finished: Path) -> None:
    written = (finished / "trainer.log").read_text() + (finished / "events.jsonl").read_text()
    assert "capital of France" not in written
    assert "thank you for asking" not in written


def test_a_killed_and_then_stopped_round_goes_on_and_ends_as_if_undisturbed(
    finished: Path, tiny: Path, tmp_path: Path
) -> None:
    folder = prepare_round(tmp_path, tiny, "r2", LONG, convert=False)
    with start(folder) as killed:
        until(lambda: len(list(folder.glob("train/trainer/checkpoint-*/complete"))) > 0, 900)
        killed.kill()
    done_before = max(trained_steps(folder))
    with start(folder) as stopped:
        until(lambda: max(trained_steps(folder)) > done_before, 900)
        stopped.send_signal(signal.SIGTERM)
        assert stopped.wait(120) == 143
    assert not (folder / "failure.json").exists()
    saved = max(int(path.parent.name.split("-")[1]) for path in folder.glob("train/trainer/*/complete"))

    count = len(trained_steps(folder))
    assert run(folder) == 0, (folder / "trainer.log").read_text()
    assert trained_steps(folder)[count:] == list(range(saved + 1, 31))
    same = "adapter_hash"
    assert manifest(folder / "train")[same] == manifest(finished / "train")[same]


def test_a_finished_round_is_not_run_again_and_a_missing_stage_alone_is(
    finished: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(finished.parent.parent, home)
    folder = home / "rounds" / finished.name
    spec = json.loads((folder / "spec.json").read_text())
    spec["checkpoint_dir"] = str(checkpoint_of(folder))
    (folder / "spec.json").write_text(json.dumps(spec))
    shutil.rmtree(folder / "gate")
    (checkpoint_of(folder) / "manifest.json").unlink()
    seen = len(events(folder))

    assert run(folder) == 0, (folder / "trainer.log").read_text()
    messages = [event["message"] for event in events(folder)[seen:]]
    assert messages[:2] == ["Stage train was finished before", "Stage publish was finished before"]
    assert manifest(checkpoint_of(folder))["adapter_hash"] == manifest(finished / "train")["adapter_hash"]


def test_a_round_can_go_on_from_a_checkpoint_and_be_scaled_back(
    finished: Path, tiny: Path, tmp_path: Path
) -> None:
    parent = checkpoint_of(finished) / "adapter"
    folder = prepare_round(
        tmp_path,
        tiny,
        "child",
        {"perplexity_budget": 1.0, "loss": ["sigmoid"], "learning_rate": 1e-2},  # so that it forgets
        snapshot_dir=write_snapshot(tmp_path / "curt", curt=True),
        convert=False,
        parent="r1",
        parent_adapter=parent,
        champion="r1",
        champion_adapter=parent,
    )
    assert run(folder) == 0, (folder / "trainer.log").read_text()
    published = read_checkpoint(checkpoint_of(folder))
    assert published.manifest.parent == "r1"
    assert (
        published.manifest.training.facts.initial_adapter_hash
        == manifest(checkpoint_of(finished))["adapter_hash"]
    )
    assert 0 < (published.manifest.training.scale or 0) < 1
    assert (published.manifest.gate.evidence.scale or 0) < 1
    assert not list(checkpoint_of(folder).rglob("ref"))


def test_a_damaged_adapter_is_never_published(finished: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "r1"
    shutil.copytree(checkpoint_of(finished), checkpoint)
    weights = checkpoint / "adapter" / "adapter_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(CorruptCheckpoint, match="adapter_hash differs"):
        read_checkpoint(checkpoint)


def test_a_snapshot_with_too_few_pairs_is_refused_in_one_line(tiny: Path, tmp_path: Path) -> None:
    few = write_snapshot(tmp_path / "few", train=3)
    folder = prepare_round(tmp_path, tiny, snapshot_dir=few)
    assert run(folder) == 2
    reason = json.loads((folder / "failure.json").read_text())["reason"]
    assert reason == (
        "a round needs at least 8 preference pairs to train on and there are 3: rank more replies, or import a dataset"
    )


def test_a_setting_that_is_not_allowed_is_refused_before_anything_is_loaded(
    tiny: Path, tmp_path: Path
) -> None:
    folder = prepare_round(tmp_path, tiny)
    spec = json.loads((folder / "spec.json").read_text())
    spec["config"]["learning_rate"] = -1
    (folder / "spec.json").write_text(json.dumps(spec))
    assert run(folder) == 2
    assert json.loads((folder / "failure.json").read_text())["reason"].startswith("learning_rate:")


def test_another_failure_leaves_a_short_reason_without_the_data(tiny: Path, tmp_path: Path) -> None:
    base = tmp_path / "broken"
    shutil.copytree(tiny, base)
    (base / "model.safetensors").write_bytes(b"not tensors")
    folder = prepare_round(tmp_path, base)
    assert run(folder) == 1
    assert json.loads((folder / "failure.json").read_text())["reason"].endswith("see trainer.log")
