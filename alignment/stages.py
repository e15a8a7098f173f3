"""The stages of a round: (reward, sft,) train, (draw-1, train-1, …,) publish, gate.

Each stage has its own folder and writes `manifest.json` there last, so a folder with a manifest is complete.
"""

import gc
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from alignment.checkpoints.publish import publish, refuse_foreign
from alignment.checkpoints.registry import adapter_hashes, base_hash, verify_adapter
from alignment.context import RoundContext, Trained
from alignment.contract.amounts import amounts_of
from alignment.contract.durations import round_seconds
from alignment.contract.events import EventLog, Plan
from alignment.contract.files import fresh_dir
from alignment.contract.manifests.checkpoint import CheckpointManifest, write_checkpoint_manifest
from alignment.contract.manifests.gate import GateRecord
from alignment.contract.manifests.stage import (
    GateManifest,
    PublishManifest,
    TrainManifest,
    complete_stage,
    is_complete,
    read_adapter_hashes,
    read_fresh_pairs,
    read_training,
)
from alignment.contract.manifests.values import BaseRecord
from alignment.contract.outcome import write_gate_decision
from alignment.contract.snapshot import Snapshot
from alignment.contract.spec import RoundSpec, sft_spec
from alignment.distributed.launch import copies_in_memory, train_policy
from alignment.gate import evaluation as evaluate
from alignment.gate.decision import decide
from alignment.gate.measurements import measure, perplexity_of
from alignment.methods.iterative_dpo import draw_fresh, refuse_unusable, with_fresh
from alignment.methods.reward import RewardContext, train_reward
from alignment.methods.sft import train_sft
from alignment.methods.training import training_of
from alignment.methods.update_scale import Scale, largest_scale, scaled_tensors
from alignment.models.adapter import save_adapter
from alignment.models.libraries import library_versions
from alignment.models.loading import load_adapter, load_base, load_tokenizer, scaled
from alignment.stop_signal import StopSignal

Stage = Callable[[RoundContext], None]


def run_stages(folder: Path, spec: RoundSpec, snapshot: Snapshot, threads: int, stop: StopSignal) -> None:
    """Run the stages that are not complete. The decision is then in `gate/decision.json`."""
    refuse_foreign(spec)
    events = EventLog(folder, plan(spec, snapshot), expected=spec.expected_seconds)
    context = RoundContext(folder, spec, snapshot, load_tokenizer(spec.base_dir), events, stop, threads)
    if not is_complete(context.stage_dir("train")):
        training_of(spec.method).refuse(context, copies_in_memory(spec, snapshot))
    refuse_unusable(context)
    stages: dict[str, Stage] = {"train": train}
    for number in range(1, spec.repeats + 1):
        stages |= _repetition(number)
    stages |= {"publish": publish_stage, "gate": gate}
    if spec.policy.sft_first:
        stages = {"sft": sft} | stages
    if spec.policy.reward:
        stages = {"reward": reward} | stages
    for name, stage in stages.items():
        if is_complete(context.stage_dir(name)):
            events.emit(name, 1, 1, message=f"Stage {name} was finished before")
            continue
        stop.check()
        context.stage_dir(name).mkdir(exist_ok=True)
        stage(context)


def plan(spec: RoundSpec, snapshot: Snapshot) -> Plan:
    """Seconds per stage, as measured with the default model on two cores. Other machines have about the same proportions."""
    written = snapshot.available.get("pairs", 0) + snapshot.available.get("heldout", 0)
    return Plan(round_seconds(spec.policy, amounts_of(snapshot), written))


def reward(context: RoundContext) -> None:
    """Optional stage: train a reward model, which the quality checks then use."""
    train_reward(RewardContext(context.stage_dir("reward"), context.spec, context.events, context.stop))
    gc.collect()
    refuse_unusable(context)


def sft(context: RoundContext) -> None:
    """Optional stage: train an adapter on demonstrations, from which the method continues."""
    folder, sft_context = context.stage_dir("sft"), replace(context, spec=sft_spec(context.spec))
    _verify_parent(context.spec)
    trained = train_sft(sft_context, folder / "trainer", "sft")
    gc.collect()
    save_adapter(fresh_dir(folder / "adapter"), trained.tensors, trained.config, context.spec.base_name)
    hashes = adapter_hashes(folder / "adapter")
    complete_stage(folder, TrainManifest(hashes=hashes, facts=trained.facts))
    shutil.rmtree(folder / "trainer", ignore_errors=True)


def _repetition(number: int) -> dict[str, Stage]:
    """The two stages of training again on fresh replies."""
    return {
        f"draw-{number}": lambda context: draw_fresh(_at(context, number)),
        f"train-{number}": lambda context: train(with_fresh(_at(context, number))),
    }


def _at(context: RoundContext, number: int) -> RoundContext:
    """The context of a repetition. Raises CorruptCheckpoint where the adapter that it continues from changed."""
    repetition = replace(context, repeat=number)
    if repetition.current:
        verify_adapter(repetition.current, read_adapter_hashes(repetition.current.parent))
    return repetition


def train(context: RoundContext) -> None:
    """Train the adapter and scale it as far as the perplexity budget allows. Runs again after each stage of fresh replies."""
    context = _after_sft(context)
    spec, folder = context.spec, context.stage_dir(context.training)
    _verify_parent(spec)
    trained = train_policy(context, folder / "trainer")
    gc.collect()  # trainer, optimiser and model refer to each other, and the next steps need their memory
    save_adapter(fresh_dir(folder / "adapter"), trained.tensors, trained.config, spec.base_name)
    scale = _scale(context, trained, folder / "adapter")
    manifest = TrainManifest(
        hashes=adapter_hashes(folder / "adapter"),
        facts=trained.facts,
        scale=scale.value,
        scale_perplexity_ratio=scale.cost,
        sft=read_training(context.stage_dir("sft")) if spec.policy.sft_first else None,
        fresh=read_fresh_pairs(context.stage_dir(context.drawing)) if context.current else None,
        before=read_training(context.current.parent) if context.current else None,
    )
    complete_stage(folder, manifest)
    shutil.rmtree(folder / "trainer", ignore_errors=True)


def _trained(context: RoundContext) -> Path:
    """The folder of the last training."""
    return context.stage_dir(replace(context, repeat=context.spec.repeats).training)


def _after_sft(context: RoundContext) -> RoundContext:
    """The context of the method: the adapter of the stage `sft`, if there is one, is its parent and thus its reference."""
    if not context.spec.policy.sft_first:
        return context
    return replace(context, spec=replace(context.spec, parent_adapter=context.stage_dir("sft") / "adapter"))


def _verify_parent(spec: RoundSpec) -> None:
    if spec.parent_adapter:
        verify_adapter(spec.parent_adapter, read_adapter_hashes(spec.parent_adapter.parent))


def _scale(context: RoundContext, trained: Trained, adapter_dir: Path) -> Scale:
    """Scale the saved adapter as far as the budget allows in the domain of the pack where perplexity rises most."""
    spec, budget = context.spec, context.spec.policy.perplexity_budget
    if budget is None:
        return Scale(1.0, 0.0)
    pack = evaluate.read_pack(spec.perplexity_pack)
    base = perplexity_of(context, None)
    model = load_adapter(load_base(spec.base_dir), adapter_dir)

    def cost(scale: float) -> float:
        context.stop.check()
        message = f"Checking what the model still knows with {scale:.2f} times the update"
        context.events.emit(context.training, 1, 1, message=message, fraction=0.95)
        with scaled(model, scale):
            perplexity = evaluate.perplexities(model, context.tokenizer, pack)
        return max(perplexity[domain] / base[domain] for domain in base)

    # The adapter includes the update that training continued from. Scaling up would amplify that part each time.
    continued = spec.parent_adapter or context.current
    ceiling = min(spec.policy.max_scale, 1.0) if continued else spec.policy.max_scale
    scale = largest_scale(cost, budget, ceiling)
    tensors = scaled_tensors(trained.tensors, scale.value)
    save_adapter(adapter_dir, tensors, trained.config, spec.base_name)
    return scale


def publish_stage(context: RoundContext) -> None:
    """Write the folder of the checkpoint. Its manifest, which completes it, is written by the gate."""
    folder, adapter_dir = context.stage_dir("publish"), _trained(context) / "adapter"
    context.events.emit("publish", 0, 1, message="Merging and converting")
    verify_adapter(adapter_dir, read_adapter_hashes(_trained(context)))
    publish(context.spec, adapter_dir, context.tokenizer, context.threads)
    complete_stage(folder, PublishManifest(context.spec.checkpoint_name))


def gate(context: RoundContext) -> None:
    """Measure, decide, and complete the checkpoint with its manifest."""
    training = read_training(_trained(context))
    verify_adapter(context.spec.checkpoint_dir / "adapter", training.hashes)
    measured = measure(context)
    evidence = measured.evidence(training.changed, training_of(context.spec.method).from_pairs)
    decision = decide(evidence, context.spec.thresholds)
    record = GateRecord(decision, evaluate.gate_evidence(measured, evidence, training.scale))
    write_checkpoint_manifest(context.spec.checkpoint_dir, _checkpoint_manifest(context, training, record))
    write_gate_decision(context.stage_dir("gate"), record)
    complete_stage(context.stage_dir("gate"), GateManifest(decision.promote))
    message = "Passed the quality checks" if decision.promote else "Held back by the quality checks"
    context.events.emit("gate", 1, 1, message=message)


def _checkpoint_manifest(
    context: RoundContext, training: TrainManifest, gate: GateRecord
) -> CheckpointManifest:
    spec = context.spec
    return CheckpointManifest(
        name=spec.checkpoint_name,
        round_id=spec.round_id,
        method=spec.method,
        parent=spec.parent,
        champion=spec.champion,
        base=BaseRecord(spec.base_name, base_hash(spec.base_dir)),
        hashes=adapter_hashes(spec.checkpoint_dir / "adapter"),
        snapshot=context.snapshot.hash,
        config=spec.config.model_dump(mode="json"),
        seed=spec.seed,
        thresholds=spec.thresholds,
        training=training,
        gate=gate,
        passed=gate.decision.promote,
        versions=library_versions(),
        created_at=datetime.now(UTC).isoformat(),
    )
