"""Alignment rounds and checkpoints as the service stores them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from alignment.contract.events import RoundEvent as RoundEvent
from feedback_app.domain.damage import damaged
from feedback_app.errors import WRONG_USE, Conflict


class InvalidRound(Conflict, ValueError):
    """A round that cannot be queued, cancelled or resumed; the message says why and what to do."""

    exit_code = WRONG_USE


class RoundState(StrEnum):
    queued = "queued"
    running = "running"
    promoted = "promoted"
    held = "held"
    failed = "failed"
    cancelled = "cancelled"

    @property
    def final(self) -> bool:
        return self not in (RoundState.queued, RoundState.running)


def method_name(method: str) -> str:
    """`DPO`, `reward model`."""
    return "reward model" if method == "reward" else method.upper()


@dataclass(frozen=True, slots=True)
class Round:
    """The authoritative state of one round (the Celery message carries only `id`).

    `fence` grows by one each time a worker claims the round: a write with an older fence is refused, so a stale
    worker can neither report progress nor promote. `step`/`total` count within `stage`; `percent` (0 to 100) and
    `seconds_left` are for the whole round.
    """

    method: str = "dpo"
    config: dict[str, Any] = field(default_factory=dict)
    parent: str = "base"
    id: str = field(default_factory=lambda: str(uuid4()))
    state: RoundState = RoundState.queued
    stage: str = ""
    step: int = 0
    total: int = 0
    percent: float = 0.0
    seconds_left: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    attempt: int = 0
    fence: int = 0
    heartbeat_at: datetime | None = None
    cancel_requested: bool = False
    snapshot: str = ""
    checkpoint: str | None = None
    decision: dict[str, Any] | None = None
    error: str = ""
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def damaged(self) -> bool:
        """Whether a stored value of it cannot be read (see `domain/damage.py`)."""
        dates = (self.created_at, self.started_at, self.finished_at, self.heartbeat_at)
        return self.unusable or damaged((*dates, self.metrics, self.decision))

    @property
    def unusable(self) -> bool:
        """Whether that is its settings or its state, so that nothing can be done with it."""
        return damaged((self.config, self.error))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A registered LoRA adapter. `path` is its folder, `manifest` the content of its `manifest.json`."""

    name: str
    path: str
    parent: str = "base"
    round_id: str | None = None
    method: str = "dpo"
    manifest: dict[str, Any] = field(default_factory=dict)
    passed: bool = False
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def damaged(self) -> bool:
        """The same of a checkpoint."""
        return damaged((self.created_at, self.manifest))
