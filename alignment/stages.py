"""The stages of a round: (reward, sft,) train, (draw-1, train-1, …,) publish, gate. Each has its own folder, complete once its `manifest.json` is there."""

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
from alignment.contract.durations import stage_seconds
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
from alignment.contract.spec import RoundSpec
from alignment.distributed.launch import copies_in_memory, train_policy
from alignment.gate import evaluation as evaluate
from alignment.gate.decision import decide
from alignment.gate.measurements import measure, perplexity_of
from alignment.methods.iterative_dpo import draw_fresh, refuse_unusable, with_fresh
from alignment.methods.reward import RewardWork, train_reward
from alignment.methods.sft import sft_spec, train_sft
from alignment.methods.training import training_of
from alignment.methods.update_scale import Scale, largest_scale, scaled_tensors
from alignment.models.adapter import save_adapter
from alignment.models.libraries import library_versions
from alignment.models.loading import load_adapter, load_base, load_tokenizer, scaled
from alignment.stop_signal import StopSignal

Stage = Callable[[RoundContext], None]


def run_stages(folder: Path, spec: RoundSpec, snapshot: Snapshot, threads: int, stop: StopSignal) -> None:
    """Run what is not finished yet. The decision is then in `gate/decision.json`."""
    refuse_foreign(spec)
    events = EventLog(folder, plan(spec, snapshot))
    work = RoundContext(folder, spec, snapshot, load_tokenizer(spec.base_dir), events, stop, threads)
    if not is_complete(work.stage_dir("train")):
        training_of(spec.method).refuse(work, copies_in_memory(spec, snapshot))
    refuse_unusable(work)
    stages: dict[str, Stage] = {"train": train}
    for number in range(1, spec.repeats + 1):
        stages |= _repetition(number)
    stages |= {"publish": publish_stage, "gate": gate}
    if spec.policy.sft_first:
        stages = {"sft": sft} | stages
    if spec.policy.reward:
        stages = {"reward": reward} | stages
    for name, stage in stages.items():
        if is_complete(work.stage_dir(name)):
            events.emit(name, 1, 1, message=f"Stage {name} was finished before")
            continue
        stop.check()
        work.stage_dir(name).mkdir(exist_ok=True)
        stage(work)


def plan(spec: RoundSpec, snapshot: Snapshot) -> Plan:
    """Seconds per stage as measured with the default model on two cores; other machines keep the proportions."""
    return Plan(stage_seconds(spec.policy, amounts_of(snapshot)))


def reward(work: RoundContext) -> None:
    """Stage 0, where it is asked for: a reward model, which the quality checks then use."""
    train_reward(RewardWork(work.stage_dir("reward"), work.spec, work.events, work.stop))
    gc.collect()
    refuse_unusable(work)


def sft(work: RoundContext) -> None:
    """Stage 0, where it is asked for: an adapter from demonstrations, from which the method goes on."""
    folder, before = work.stage_dir("sft"), replace(work, spec=sft_spec(work.spec))
    _verify_parent(work.spec)
    trained = train_sft(before, folder / "trainer", "sft")
    gc.collect()
    save_adapter(fresh_dir(folder / "adapter"), trained.tensors, trained.config, work.spec.base_name)
    hashes = adapter_hashes(folder / "adapter")
    complete_stage(folder, TrainManifest(hashes=hashes, facts=trained.facts))
    shutil.rmtree(folder / "trainer", ignore_errors=True)


def _repetition(number: int) -> dict[str, Stage]:
    """The two stages of going on with fresh replies."""
    return {
        f"draw-{number}": lambda work: draw_fresh(_at(work, number)),
        f"train-{number}": lambda work: train(with_fresh(_at(work, number))),
    }


def _at(work: RoundContext, number: int) -> RoundContext:
    """The work of a repetition, which goes on from an adapter that was seen to be whole."""
    here = replace(work, repeat=number)
    if here.current:
        verify_adapter(here.current, read_adapter_hashes(here.current.parent))
    return here


def train(work: RoundContext) -> None:
    """Stage 1, and again after each drawing: the adapter, scaled as far as the perplexity budget allows."""
    work = _after_sft(work)
    spec, folder = work.spec, work.stage_dir(work.training)
    _verify_parent(spec)
    trained = train_policy(work, folder / "trainer")
    gc.collect()  # trainer, optimiser and model refer to each other; the next steps need their memory
    save_adapter(fresh_dir(folder / "adapter"), trained.tensors, trained.config, spec.base_name)
    scale = _scale(work, trained, folder / "adapter")
    manifest = TrainManifest(
        hashes=adapter_hashes(folder / "adapter"),
        facts=trained.facts,
        scale=scale.value,
        scale_perplexity_ratio=scale.cost,
        sft=read_training(work.stage_dir("sft")) if spec.policy.sft_first else None,
        fresh=read_fresh_pairs(work.stage_dir(work.drawing)) if work.current else None,
        before=read_training(work.current.parent) if work.current else None,
    )
    complete_stage(folder, manifest)
    shutil.rmtree(folder / "trainer", ignore_errors=True)


def _trained(work: RoundContext) -> Path:
    """The folder of the last training."""
    return work.stage_dir(replace(work, repeat=work.spec.repeats).training)


def _after_sft(work: RoundContext) -> RoundContext:
    """The work as the method sees it: what the stage before left is its parent, and thus its reference."""
    if not work.spec.policy.sft_first:
        return work
    return replace(work, spec=replace(work.spec, parent_adapter=work.stage_dir("sft") / "adapter"))


def _verify_parent(spec: RoundSpec) -> None:
    if spec.parent_adapter:
        verify_adapter(spec.parent_adapter, read_adapter_hashes(spec.parent_adapter.parent))


def _scale(work: RoundContext, trained: Trained, adapter_dir: Path) -> Scale:
    """Scale the saved adapter as far as the budget allows for the domain of the pack that suffers most."""
    spec, budget = work.spec, work.spec.policy.perplexity_budget
    if budget is None:
        return Scale(1.0, 0.0)
    pack = evaluate.read_pack(spec.perplexity_pack)
    base = perplexity_of(work, None)
    model = load_adapter(load_base(spec.base_dir), adapter_dir)

    def cost(scale: float) -> float:
        work.stop.check()
        message = f"Checking what the model still knows with {scale:.2f} times the update"
        work.events.emit(work.training, 1, 1, message=message, fraction=0.95)
        with scaled(model, scale):
            found = evaluate.perplexities(model, work.tokenizer, pack)
        return max(found[domain] / base[domain] for domain in base)

    # The update that training went on from is part of the adapter: scaling up would amplify it anew each time.
    went_on = spec.parent_adapter or work.current
    ceiling = min(spec.policy.max_scale, 1.0) if went_on else spec.policy.max_scale
    scale = largest_scale(cost, budget, ceiling)
    tensors = scaled_tensors(trained.tensors, scale.value)
    save_adapter(adapter_dir, tensors, trained.config, spec.base_name)
    return scale


def publish_stage(work: RoundContext) -> None:
    """Stage 2: the checkpoint folder, still without the manifest that completes it."""
    folder, adapter_dir = work.stage_dir("publish"), _trained(work) / "adapter"
    work.events.emit("publish", 0, 1, message="Merging and converting")
    verify_adapter(adapter_dir, read_adapter_hashes(_trained(work)))
    publish(work.spec, adapter_dir, work.tokenizer, work.threads)
    complete_stage(folder, PublishManifest(work.spec.checkpoint_name))


def gate(work: RoundContext) -> None:
    """Stage 3: measure, decide, and complete the checkpoint with its manifest."""
    training = read_training(_trained(work))
    verify_adapter(work.spec.checkpoint_dir / "adapter", training.hashes)
    measured = measure(work)
    evidence = measured.evidence(training.changed, training_of(work.spec.method).from_pairs)
    decision = decide(evidence, work.spec.thresholds)
    record = GateRecord(decision, evaluate.gate_evidence(measured, evidence, training.scale))
    write_checkpoint_manifest(work.spec.checkpoint_dir, _checkpoint_manifest(work, training, record))
    write_gate_decision(work.stage_dir("gate"), record)
    complete_stage(work.stage_dir("gate"), GateManifest(decision.promote))
    message = "Passed the quality checks" if decision.promote else "Held back by the quality checks"
    work.events.emit("gate", 1, 1, message=message)


def _checkpoint_manifest(work: RoundContext, training: TrainManifest, gate: GateRecord) -> CheckpointManifest:
    spec = work.spec
    return CheckpointManifest(
        name=spec.checkpoint_name,
        round_id=spec.round_id,
        method=spec.method,
        parent=spec.parent,
        champion=spec.champion,
        base=BaseRecord(spec.base_name, base_hash(spec.base_dir)),
        hashes=adapter_hashes(spec.checkpoint_dir / "adapter"),
        snapshot=work.snapshot.hash,
        config=spec.config.model_dump(mode="json"),
        seed=spec.seed,
        thresholds=spec.thresholds,
        training=training,
        gate=gate,
        passed=gate.decision.promote,
        versions=library_versions(),
        created_at=datetime.now(UTC).isoformat(),
    )
