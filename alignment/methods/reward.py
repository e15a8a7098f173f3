"""Training a reward model: a stage of another round, or a round of its own. After a stop it starts from the beginning."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alignment.checkpoints.registry import base_hash
from alignment.contract.amounts import Amounts
from alignment.contract.durations import round_seconds
from alignment.contract.errors import InvalidSpec, RoundRefused
from alignment.contract.events import EventLog, Events, Plan
from alignment.contract.files import fresh_dir
from alignment.contract.manifests.gate import Decision
from alignment.contract.manifests.reward import RewardEvaluation, RewardManifest, write_reward
from alignment.contract.manifests.stage import RewardStageManifest, complete_stage
from alignment.contract.manifests.values import BaseRecord
from alignment.contract.outcome import DECISION_FILE, write_reward_decision
from alignment.contract.sampling import limited, limits_of
from alignment.contract.snapshot import read_ranked
from alignment.contract.snapshot.reader import open_snapshot
from alignment.contract.spec import SPEC_FILE, RoundSpec
from alignment.gate.decision import decide_reward
from alignment.models.libraries import library_versions
from alignment.stop_signal import StopSignal
from reward_model.fit import fit_reward
from reward_model.rankings import RewardRefused

STAGE = "reward"
READING = 0.2
"""The share of the time that the first pass over all replies takes; two training passes follow."""


@dataclass(frozen=True, slots=True)
class RewardContext:
    """What the stage needs. `folder` is the folder of the stage within the round's."""

    folder: Path
    spec: RoundSpec
    events: Events
    stop: StopSignal


def run_reward_round(folder: Path, spec: RoundSpec, stop: StopSignal) -> None:
    """A round that trains a reward model alone. The decision is then in `reward/decision.json`."""
    context = RewardContext(
        folder / STAGE, spec, EventLog(folder, _plan(spec), expected=spec.expected_seconds), stop
    )
    if (context.folder / DECISION_FILE).exists():
        context.events.emit(STAGE, 1, 1, message="The reward model was trained before")
        return
    manifest = train_reward(context)
    write_reward_decision(context.folder, manifest.decision, manifest.evaluation)


def _plan(spec: RoundSpec) -> Plan:
    """Seconds per stage, with those of the snapshot that was written before."""
    counts = open_snapshot(spec.snapshot_dir).manifest.counts
    there = limited(Amounts(pairs=counts.get("train", 0)), spec.config)
    return Plan(round_seconds(spec.config, there, counts.get("pairs", 0)))


def train_reward(context: RewardContext) -> RewardManifest:
    """Train into `spec.reward_dir`, whose manifest comes last. Gives the manifest. Raises RoundRefused, Interrupted."""
    spec = context.spec
    if spec.reward_dir is None:
        raise InvalidSpec(f"{SPEC_FILE} lacks: reward_dir")
    context.folder.mkdir(exist_ok=True)
    context.events.emit(STAGE, 0, 1, message="Training the reward model", fraction=0.0)
    building = fresh_dir(spec.reward_dir.with_name(f".{spec.reward_dir.name}.building"))
    evaluation = _fitted(context, building)
    decision = decide_reward(evaluation, spec.min_pairs)
    manifest = write_reward(building, _manifest(spec, spec.reward_dir.name, evaluation, decision))
    if spec.reward_dir.exists():
        shutil.rmtree(spec.reward_dir)
    building.replace(spec.reward_dir)
    complete_stage(context.folder, RewardStageManifest(spec.reward_dir.name, decision.promote))
    context.events.emit(STAGE, 1, 1, message="The reward model is trained")
    return manifest


def _fitted(context: RewardContext, building: Path) -> RewardEvaluation:
    spec = context.spec
    rankings = read_ranked(spec.snapshot_dir, limits_of(spec.config))
    try:
        record = fit_reward(
            spec.base_dir,
            rankings,
            spec.reward,
            building,
            _report(context.events),
            _stopping(context.stop),
            _reading(context.events),
        )
    except RewardRefused as refusal:
        raise RoundRefused(str(refusal)) from None
    return RewardEvaluation.from_record(record)


def _reading(events: Events) -> Callable[[float], None]:
    """Reports the first pass over the replies in twenty steps."""
    reported = 0

    def read(share: float) -> None:
        nonlocal reported
        if (now := int(20 * share)) > reported:
            reported = now
            events.emit(STAGE, 0, 1, message="Reading the replies", fraction=READING * share)

    return read


def _report(events: Events) -> Callable[[int, int, dict[str, float]], None]:
    def report(step: int, total: int, metrics: dict[str, float]) -> None:
        events.emit(
            STAGE, step, total, metrics, fraction=min(READING + (1 - READING) * step / max(total, 1), 0.99)
        )

    return report


def _stopping(stop: StopSignal) -> Callable[[], bool]:
    """Raises Interrupted at once: there is no state to save."""

    def should_stop() -> bool:
        stop.check()
        return False

    return should_stop


def _manifest(spec: RoundSpec, name: str, evaluation: RewardEvaluation, decision: Decision) -> RewardManifest:
    return RewardManifest(
        name=name,
        round_id=spec.round_id,
        base=BaseRecord(spec.base_name, base_hash(spec.base_dir)),
        snapshot=spec.snapshot_dir.name,
        config=spec.reward.model_dump(mode="json"),
        seed=spec.reward.seed,
        evaluation=evaluation,
        decision=decision,
        passed=decision.promote,
        versions=library_versions(),
        created_at=datetime.now(UTC).isoformat(),
    )
