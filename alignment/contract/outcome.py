"""How a round ended: the files that the trainer leaves in the round's folder for the worker."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment.contract.files import read_json, write_json
from alignment.contract.manifests.gate import Decision, GateRecord
from alignment.contract.manifests.reward import RewardEvaluation

DECISION_FILE = "decision.json"
FAILURE_FILE = "failure.json"
DECIDING_STAGES = ("gate", "reward")
"""A round is decided by its gate. A round that trains a reward model alone has no gate."""


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision and its evidence, as JSON for the round's row."""

    promote: bool
    record: dict[str, Any]


def write_gate_decision(stage: Path, gate: GateRecord) -> None:
    """Write the decision of a gate into the folder of its stage."""
    write_json(stage / DECISION_FILE, gate.record())


def write_reward_decision(stage: Path, decision: Decision, evaluation: RewardEvaluation) -> None:
    """Write the decision about a reward model into the folder of its stage."""
    write_json(stage / DECISION_FILE, {**decision.record(), "evidence": evaluation.record()})


def read_decision(round_folder: Path) -> StoredDecision | None:
    """The decision of a round; None where there is none."""
    for stage in DECIDING_STAGES:
        record = _read(round_folder / stage / DECISION_FILE)
        if record is not None:
            promote = record.get("promote")
            return StoredDecision(promote, record) if isinstance(promote, bool) else None
    return None


def write_failure(file: Path, reason: str) -> None:
    """Write why a process failed, in one line."""
    write_json(file, {"reason": reason})


def read_failure(file: Path) -> str:
    """Why a process failed; empty where it left no reason."""
    return str((_read(file) or {}).get("reason") or "")


def _read(file: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None if there is none."""
    try:
        content = read_json(file)
    except (OSError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    return content if isinstance(content, dict) else None
