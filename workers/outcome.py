"""What a trainer's end means: exit code and files in, plain words out."""

import json
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedback_app.domain.round import RoundState

OUT_OF_MEMORY = (
    "the trainer was killed, most likely because memory ran out: "
    "close other programs or lower micro_batch_size or max_length, then resume the round"
)
STOPPED_OUTSIDE = "the trainer was stopped from outside: resume the round to go on where it was"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state a round ends in, the gate's decision where there is one, and the reason of a failure."""

    state: RoundState
    decision: dict[str, Any] | None = None
    error: str = ""


def outcome(folder: Path, code: int) -> Outcome:
    """What a trainer that ended by itself has left in the round's folder."""
    if code == 0:
        return _decided(folder)
    return Outcome(RoundState.failed, error=_reason(folder, code))


def stopped_by_signal(code: int) -> bool:
    """Whether SIGTERM ended the trainer (it then exits with 143, if it is past its start)."""
    return code in (-signal.SIGTERM, 128 + signal.SIGTERM)


def _decided(folder: Path) -> Outcome:
    decision = _read(folder / "gate" / "decision.json") or _read(folder / "reward" / "decision.json")
    if decision is None or not isinstance(decision.get("promote"), bool):
        return Outcome(RoundState.failed, error="the trainer ended without a decision: see its trainer.log")
    return Outcome(RoundState.promoted if decision["promote"] else RoundState.held, decision)


def _reason(folder: Path, code: int) -> str:
    if code == -signal.SIGKILL:
        return OUT_OF_MEMORY
    if stopped_by_signal(code):
        return STOPPED_OUTSIDE
    if reason := (_read(folder / "failure.json") or {}).get("reason"):
        return str(reason)
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return f"the trainer ended unexpectedly ({how}): see trainer.log in the round's folder"


def _read(file: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None if there is none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
