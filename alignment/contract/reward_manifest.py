"""Reward models on disk: what makes a folder complete, and the decision whether it is used. Knows no torch."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alignment.contract.files import file_hash, read_json, write_json
from alignment.gate.decision import Check, Decision, decided

MANIFEST = "manifest.json"
KINDS = frozenset({".safetensors", ".json"})


class CorruptReward(RuntimeError):
    """A reward model that is incomplete, altered, or holds files other than safetensors and JSON."""


def write_reward(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Complete `folder` with its manifest: `facts` and the hash of every file. Raises CorruptReward."""
    manifest = {**facts, "files": _hashes(folder)}
    write_json(folder / MANIFEST, manifest)
    return manifest


def read_reward(folder: Path) -> dict[str, Any]:
    """The manifest of a complete reward model whose files are those it was written for. Raises CorruptReward."""
    try:
        manifest: dict[str, Any] = read_json(folder / MANIFEST)
    except (OSError, json.JSONDecodeError):
        raise CorruptReward(
            f"the reward model {folder.name} has no readable manifest: train it again"
        ) from None
    if manifest.get("files") != _hashes(folder):
        raise CorruptReward(f"the reward model {folder.name} is not the one in its manifest: train it again")
    return manifest


def reward_hash(folder: Path) -> str:
    """What stands for the weights of a reward model where a measurement with it is kept. Raises CorruptReward."""
    return json.dumps(read_reward(folder)["files"], sort_keys=True)


def _hashes(folder: Path) -> dict[str, str]:
    """Name and SHA-256 of every file but the manifest."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    for path in files:
        if path.suffix not in KINDS:
            raise CorruptReward(f"{path.name} is neither safetensors nor JSON")
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in files}


def decide_reward(record: Mapping[str, Any], min_pairs: int) -> Decision:
    """Whether a trained reward model is used, from its evaluation record (see `reward_model.fit.fit_reward`)."""
    pairs = int(record["pairs"])
    enough = Check("pairs", pairs >= min_pairs, f"Trained on {pairs} pairs (limit: at least {min_pairs})")
    return decided([enough, _accurate(record)])


def _accurate(record: Mapping[str, Any]) -> Check:
    """Held back only where chance is not beaten for sure: few held-out pairs prove little."""
    pairs, accuracy = int(record["heldout_pairs"]), record["accuracy"]
    if not pairs or accuracy is None:
        return Check("accuracy", None, "No held-out pairs yet: accuracy not checked")
    low, high = record["accuracy_low"], record["accuracy_high"]
    found = f"Right on {accuracy:.0%} of {pairs} held-out pairs (95 % interval {low:.0%} to {high:.0%})"
    if high <= 0.5:
        return Check("accuracy", False, f"{found}: no better than chance")
    if low > 0.5:
        return Check("accuracy", True, f"{found}: better than chance")
    return Check("accuracy", None, f"{found}: too few pairs to tell it from chance")
