"""How a round ended, from the exit code of its trainer and the files that it left."""

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alignment.contract.outcome import FAILURE_FILE, read_decision, read_failure
from feedback_app.domain.round import RoundState

OUT_OF_MEMORY = (
    "the trainer was killed, most likely because memory ran out: "
    "close other programs or lower micro_batch_size or max_length, then resume the round"
)
STOPPED_OUTSIDE = "the trainer was stopped from outside: resume the round to continue where it stopped"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The final state of a round, the decision of its gate if there is one, and the reason of a failure."""

    state: RoundState
    decision: dict[str, Any] | None = None
    error: str = ""


def outcome(folder: Path, code: int) -> Outcome:
    """The outcome of a trainer that ended by itself."""
    if code == 0:
        return _decided(folder)
    return Outcome(RoundState.failed, error=_reason(folder, code))


def stopped_by_signal(code: int) -> bool:
    """Whether SIGTERM ended the trainer. Once it is past its start, it then exits with 143."""
    return code in (-signal.SIGTERM, 128 + signal.SIGTERM)


def _decided(folder: Path) -> Outcome:
    decision = read_decision(folder)
    if decision is None:
        return Outcome(RoundState.failed, error="the trainer ended without a decision: see its trainer.log")
    return Outcome(RoundState.promoted if decision.promote else RoundState.held, decision.record)


def _reason(folder: Path, code: int) -> str:
    if code == -signal.SIGKILL:
        return OUT_OF_MEMORY
    if stopped_by_signal(code):
        return STOPPED_OUTSIDE
    if reason := read_failure(folder / FAILURE_FILE):
        return reason
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return f"the trainer ended unexpectedly ({how}): see trainer.log in the round's folder"
