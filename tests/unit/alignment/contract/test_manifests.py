"""Manifests come back as they were written, those of earlier versions too."""

import math
from pathlib import Path
from typing import Any

import pytest

from alignment.contract.files import MANIFEST, read_json, write_json
from alignment.contract.manifests.checkpoint import (
    CheckpointManifest,
    CorruptCheckpoint,
    read_checkpoint_manifest,
    write_checkpoint_manifest,
)
from alignment.contract.manifests.gate import Check, Decision, GateEvidence, GateRecord, RewardEvidence
from alignment.contract.manifests.reward import CorruptReward, RewardManifest, read_reward, write_reward
from alignment.contract.manifests.stage import (
    AdapterHashes,
    FreshPairsManifest,
    PublishManifest,
    TrainingFacts,
    TrainManifest,
    complete_stage,
    is_complete,
    read_adapter_hashes,
    read_fresh_pairs,
    read_training,
)
from alignment.contract.outcome import (
    read_decision,
    read_failure,
    write_failure,
    write_gate_decision,
    write_reward_decision,
)

# What version 0.1 wrote, shortened: no tone, and a stage `sft` inside the training.
TRAINED: dict[str, Any] = {
    "adapter_hash": "81f3",
    "adapter_config_hash": "d574",
    "pairs": 55,
    "pairs_too_long": 0,
    "loss": 1.0001,
    "initial_adapter_hash": "1b0e",
    "scale": 1.5,
    "scale_perplexity_ratio": 1.003,
    "sft": {
        "adapter_hash": "1b0e",
        "adapter_config_hash": "d574",
        "demonstrations": 9,
        "initial_adapter_hash": "0857",
    },
}
DECIDED: dict[str, Any] = {
    "promote": False,
    "reasons": ["Distance from the base model"],
    "checks": [{"name": "kl", "passed": False, "words": "Distance from the base model"}],
    "evidence": {
        "adapter_changed": True,
        "heldout_pairs": 11,
        "heldout_correct": 6,
        "kl": 0.0149,
        "length_ratio": 1.0,
        "perplexity_ratio": 1.001,
        "nll": 0.0158,
        "usual_nll": 4.4,
        "reward": {"prompts": 4, "win_rate": 0.5, "low": 0.15, "high": 0.85, "mean_difference": 0.0},
        "from_pairs": True,
        "accuracy": 0.545,
        "accuracy_low": 0.28,
        "accuracy_high": 0.787,
        "candidate_length": 13.5,
        "champion_length": 13.5,
        "perplexity": {"all": 1.001, "talk": 1.001},
        "scale": 1.5,
    },
}
CHECKPOINT: dict[str, Any] = {
    "name": "dpo-20261129-fe9a81",
    "round_id": "fe9a8115",
    "method": "dpo",
    "parent": "base",
    "champion": "base",
    "base": {"name": "tiny", "hash": "f048"},
    "adapter_hash": "81f3",
    "adapter_config_hash": "d574",
    "snapshot": "a7b3",
    "config": {"learning_rate": 0.0001, "lora_targets": ["all-linear"]},
    "seed": 0,
    "thresholds": {
        "min_accuracy": 0.0,
        "min_heldout_pairs": 8,
        "max_kl": 1e-9,
        "min_length_ratio": 0.0,
        "max_length_ratio": 1e6,
        "max_perplexity_ratio": 1e6,
        "max_nll_rise": 1e6,
    },
    "training": TRAINED,
    "gate": DECIDED,
    "passed": False,
    "versions": {"torch": "2.13.0+cpu"},
    "created_at": "2026-11-29T01:56:22.957353+00:00",
}
REWARD: dict[str, Any] = {
    "name": "reward-20261129-272bb3",
    "round_id": "272bb35d",
    "base": {"name": "tiny", "hash": "f048"},
    "snapshot": "5f6d",
    "config": {"epochs": 1.0},
    "seed": 0,
    "evaluation": {
        "heldout_pairs": 11,
        "accuracy": 0.636,
        "accuracy_low": 0.354,
        "accuracy_high": 0.848,
        "ece": 0.129,
        "length_correlation": None,
        "by_margin": [{"low": 0.0, "high": None, "pairs": 11, "accuracy": 0.636}],
        "by_length": [],
        "calibration": [{"confidence": 0.507, "accuracy": 0.636, "pairs": 11}],
        "pairs": 55,
        "repeats": {"agreed": 0, "pairs": 1, "low": 0.0, "high": 0.79},
        "temperature": 1.5,
    },
    "decision": {
        "promote": True,
        "reasons": ["Trained on 55 pairs"],
        "checks": [{"name": "pairs", "passed": True, "words": "Trained on 55 pairs"}],
    },
    "passed": True,
    "versions": {"torch": "2.13.0+cpu"},
    "created_at": "2026-11-29T01:54:39.649061+00:00",
    "files": {"head.safetensors": "1dcf"},
}


def without_tone(record: dict[str, Any]) -> dict[str, Any]:
    """The record as version 0.1 would have written it."""
    evidence = {name: value for name, value in record["evidence"].items() if name != "tone"}
    return {**record, "evidence": evidence}


def test_a_checkpoint_of_version_0_1_keeps_every_value() -> None:
    manifest = CheckpointManifest.from_record(CHECKPOINT)
    assert (manifest.hashes.adapter_hash, manifest.base.hash, manifest.training.scale) == (
        "81f3",
        "f048",
        1.5,
    )
    assert manifest.training.changed
    assert manifest.training.sft is not None
    assert manifest.training.sft.facts == TrainingFacts("0857", {"demonstrations": 9})
    assert manifest.gate.evidence.tone is None
    record = manifest.record()
    assert {**record, "gate": without_tone(record["gate"])} == CHECKPOINT


def test_a_reward_model_of_version_0_1_keeps_every_value() -> None:
    manifest = RewardManifest.from_record(REWARD)
    assert manifest.evaluation.repeats is not None
    assert (manifest.evaluation.pairs, manifest.evaluation.repeats.pairs) == (55, 1)
    assert manifest.evaluation.calibration[0].confidence == 0.507
    assert (manifest.evaluation.length_correlation, manifest.evaluation.by_margin[0].high) == (None, None)
    assert manifest.record() == REWARD


def test_a_decision_from_before_there_were_checks_keeps_its_reasons() -> None:
    stored = {"promote": True, "reasons": ["Training changed the adapter."]}
    decision = Decision.from_record(stored)
    assert (decision.checks, decision.reasons) == ((), ("Training changed the adapter.",))
    assert decision.record() == stored


@pytest.mark.parametrize(
    "damaged", [{}, {"gate": None, "training": [], "base": "x", "thresholds": None, "seed": "1"}]
)
def test_a_damaged_manifest_has_the_defaults(damaged: dict[str, Any]) -> None:
    manifest = CheckpointManifest.from_record(damaged)
    assert (manifest.champion, manifest.gate.decision.promote, manifest.gate.evidence.kl) == (
        "base",
        False,
        None,
    )
    assert manifest.training.facts.reward_model == ""


def test_numbers_that_json_cannot_say_are_null() -> None:
    reward = RewardEvidence(4, 0.5, math.nan, 0.9, math.inf)
    record = GateEvidence(kl=math.nan, reward=reward, perplexity={"all": math.inf}).record()
    assert (record["kl"], record["reward"]["low"], record["reward"]["mean_difference"]) == (None, None, None)
    assert record["perplexity"] == {"all": None}


def test_a_stage_is_complete_once_its_manifest_is_there(tmp_path: Path) -> None:
    assert not is_complete(tmp_path)
    complete_stage(tmp_path, PublishManifest("tone-1"))
    assert is_complete(tmp_path)
    assert read_json(tmp_path / MANIFEST) == {"checkpoint": "tone-1"}


def test_the_manifests_of_training_come_back_as_they_were_written(tmp_path: Path) -> None:
    fresh = FreshPairsManifest(48, 20, "reward-1", "ab12", {"drawn/kept": 0.4})
    complete_stage(tmp_path, fresh)
    assert read_fresh_pairs(tmp_path) == fresh
    hashes, facts = AdapterHashes("a", "b"), TrainingFacts("a", {"pairs": 4, "loss": 0.5}, "reward-1")
    before = TrainManifest(hashes=hashes, facts=facts, scale=1.5, scale_perplexity_ratio=1.0)
    training = TrainManifest(hashes=AdapterHashes("c", "b"), facts=facts, fresh=fresh, before=before)
    complete_stage(tmp_path, training)
    assert read_training(tmp_path) == training
    assert read_adapter_hashes(tmp_path) == AdapterHashes("c", "b")
    assert (before.changed, training.changed) == (False, True)


def test_an_unreadable_checkpoint_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(CorruptCheckpoint, match="did not finish"):
        read_checkpoint_manifest(tmp_path)
    write_checkpoint_manifest(tmp_path, CheckpointManifest(name="tone-1", passed=True))
    assert read_checkpoint_manifest(tmp_path).passed


def test_the_decision_of_the_gate_is_read_before_that_of_a_reward_model(tmp_path: Path) -> None:
    (tmp_path / "reward").mkdir()
    (tmp_path / "gate").mkdir()
    assert read_decision(tmp_path) is None
    evaluation = RewardManifest.from_record(REWARD).evaluation
    write_reward_decision(tmp_path / "reward", Decision(True), evaluation)
    found = read_decision(tmp_path)
    assert found is not None
    assert (found.promote, found.record["evidence"]) == (True, REWARD["evaluation"])
    gate = GateRecord(Decision(False, (Check("kl", False, "too far"),)), GateEvidence(kl=61.0))
    write_gate_decision(tmp_path / "gate", gate)
    found = read_decision(tmp_path)
    assert found is not None
    assert not found.promote
    assert GateRecord.from_record(found.record) == gate


def test_the_reason_of_a_failure_is_read_or_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "failure.json"
    assert read_failure(file) == ""
    write_failure(file, "only 3 pairs")
    assert read_failure(file) == "only 3 pairs"
    write_json(file, [])
    assert read_failure(file) == ""


def written(folder: Path) -> Path:
    (folder / "head.safetensors").write_bytes(b"weights")
    write_reward(folder, RewardManifest(name="r"))
    return folder


def test_a_reward_model_comes_back_with_its_manifest(tmp_path: Path) -> None:
    assert read_reward(written(tmp_path)).name == "r"


def test_an_unfinished_or_changed_reward_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptReward, match="no readable manifest"):
        read_reward(tmp_path)
    (written(tmp_path) / "head.safetensors").write_bytes(b"others")
    with pytest.raises(CorruptReward, match="not the one in its manifest"):
        read_reward(tmp_path)


def test_anything_but_safetensors_and_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"")
    with pytest.raises(CorruptReward, match=r"model\.bin"):
        write_reward(tmp_path, RewardManifest())
