"""Direct preference optimisation of a LoRA adapter, by TRL's DPOTrainer.

Reads top to bottom: data, model, trainer, run, proof that something was learned.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from datasets.arrow_dataset import Dataset
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from alignment import adapter
from alignment.chat import Tokenizer, fitting
from alignment.configs.dpo import DpoConfig
from alignment.events import EventLog
from alignment.models import Model, device, load_base
from alignment.registry import tensors_hash
from alignment.snapshot import InvalidSnapshot, Pair, Snapshot
from alignment.spec import InvalidSpec, RoundSpec
from alignment.stop import StopSignal
from alignment.work import Trained, Work

COMPLETE = "complete"
SAVES_PER_ROUND = 10
# A training pass over the pairs, in passes of the base alone: forward, and backward through half the layers.
PASS_COST = 1.7


def dpo_settings(spec: RoundSpec) -> DpoConfig:
    """The settings of a DPO round. Raises InvalidSpec in a round of another method."""
    if not isinstance(spec.config, DpoConfig):
        raise InvalidSpec("spec.json: config: these are not the settings of a DPO round")
    return spec.config


def dpo_seconds(spec: RoundSpec, snapshot: Snapshot) -> float:
    """Expected time, as measured with the default model on two cores."""
    pairs = len(snapshot.train)
    return 10 + pairs * (0.4 + 1.2 * dpo_settings(spec).schedule(pairs).epochs)


def train_dpo(work: Work, folder: Path) -> Trained:
    """Train on the snapshot's pairs, keeping resumable state in `folder`. The same seed gives the same adapter on the same machine.

    Raises InvalidSnapshot if too few pairs fit, NothingLearned, Interrupted (state saved: call again to go on).
    """
    spec, pairs, tokenizer, events = work.spec, work.snapshot.train, work.tokenizer, work.events
    fitted = fitting_pairs(tokenizer, pairs, spec)
    events.emit("train", 0, 1, message="Reading what the base model thinks of the pairs", fraction=0.0)
    begin = 1 / (1 + PASS_COST * dpo_settings(spec).schedule(len(fitted)).epochs)
    trainer = _trainer(spec, tokenizer, fitted, folder, ProgressCallback(events, work.stop, begin))
    model: Model = trainer.model
    before = adapter.weights(model)
    trainable = adapter.trainable_parameters(model)
    with work.stop.deferred():
        trainer.train(resume_from_checkpoint=last_complete(folder))
    after = adapter.weights(model)
    facts = {
        "pairs": len(fitted),
        "pairs_too_long": len(pairs) - len(fitted),
        "steps": int(trainer.state.global_step),
        "loss": next(entry["loss"] for entry in reversed(trainer.state.log_history) if "loss" in entry),
        "trainable_parameters": trainable,
        "initial_adapter_hash": tensors_hash(before),
        "update_norm": round(adapter.change(before, after), 6),
    }
    return Trained(after, model.peft_config["default"], facts)


def fitting_pairs(tokenizer: Tokenizer, pairs: Sequence[Pair], spec: RoundSpec) -> list[Pair]:
    """The pairs cut to `max_length`, without those whose last turn alone is too long. Raises InvalidSnapshot."""
    fitted = [short for pair in pairs if (short := fitting(tokenizer, pair, spec.policy.max_length))]
    if len(fitted) < spec.min_pairs:
        raise InvalidSnapshot(
            f"only {len(fitted)} of {len(pairs)} pairs fit into max_length {spec.policy.max_length}, "
            f"and a round needs {spec.min_pairs}: raise max_length"
        )
    return fitted


def last_complete(folder: Path) -> str | None:
    """The newest trainer checkpoint that was written whole (a killed trainer may leave half of one)."""
    whole = [mark.parent for mark in folder.glob(f"checkpoint-*/{COMPLETE}")]
    newest = max(whole, key=lambda path: int(path.name.split("-")[1]), default=None)
    return str(newest) if newest else None


class ProgressCallback(TrainerCallback):
    """Reports every step, marks whole checkpoints, and stops after the step in which SIGTERM came."""

    def __init__(self, events: EventLog, stop: StopSignal, begin: float) -> None:
        """`begin` is the share of the stage that is done when the first step begins."""
        self._events = events
        self._stop = stop
        self._begin = begin

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        logs = kwargs.get("logs") or {}
        if "loss" not in logs:
            return
        names = {"loss": "loss", "rewards/accuracies": "accuracy", "rewards/margins": "margin"}
        metrics = {short: float(logs[name]) for name, short in names.items() if name in logs}
        done = state.global_step / max(state.max_steps, 1)
        fraction = self._begin + (1 - self._begin) * done
        self._events.emit("train", state.global_step, state.max_steps, metrics, fraction=fraction)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self._stop.requested:
            control.should_save = True
            control.should_training_stop = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        (Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / COMPLETE).touch()


def _trainer(
    spec: RoundSpec, tokenizer: Tokenizer, pairs: Sequence[Pair], folder: Path, callback: ProgressCallback
) -> DPOTrainer:
    """With a fresh LoRA the reference is the base; with a parent's adapter it is a frozen copy of that adapter."""
    base = load_base(spec.base_dir)
    model = adapter.continue_adapter(base, spec.parent_adapter) if spec.parent_adapter else base
    _forget_incomplete(folder)
    return DPOTrainer(
        model=model,
        args=_arguments(spec, folder, len(pairs)),
        train_dataset=_dataset(pairs),
        processing_class=tokenizer,
        peft_config=None if spec.parent_adapter else adapter.lora_config(spec.policy, base),
        callbacks=[callback],
    )


def _dataset(pairs: Sequence[Pair]) -> Dataset:
    """TRL's conversational form. What people typed cannot become control tokens.

    A reply that was cut at the token limit gets an end token like all others: without it, replies of the trained model
    ran on (docs/decisions/0006-dpo-defaults.md).
    """
    return Dataset.from_list(
        [
            {
                "prompt": list(pair.prompt),
                "chosen": [{"role": "assistant", "content": pair.chosen}],
                "rejected": [{"role": "assistant", "content": pair.rejected}],
                "chat_template_kwargs": {"sanitize_control_tokens": True},
            }
            for pair in pairs
        ]
    )


def _arguments(spec: RoundSpec, folder: Path, pairs: int) -> DPOConfig:
    config = dpo_settings(spec)
    schedule = config.schedule(pairs)
    steps = max(1, round(schedule.epochs * pairs / schedule.batch))
    return DPOConfig(
        output_dir=str(folder),
        seed=spec.seed,
        data_seed=spec.seed,
        learning_rate=schedule.learning_rate,
        num_train_epochs=schedule.epochs,
        per_device_train_batch_size=schedule.micro_batch,
        gradient_accumulation_steps=schedule.batch // schedule.micro_batch,
        lr_scheduler_type=config.scheduler,
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        beta=config.beta,
        loss_type=list(config.loss),
        loss_weights=list(config.loss_weights) or None,
        label_smoothing=config.label_smoothing,
        max_length=config.max_length,
        disable_dropout=config.lora_dropout == 0,
        precompute_ref_log_probs=True,
        # On a CPU recomputing activations costs a fifth of the speed; small forward passes save as much memory.
        activation_checkpointing=device() == "cuda",
        use_cpu=device() == "cpu",
        bf16=_bf16(config),
        dataloader_pin_memory=False,
        logging_steps=1,
        save_strategy="steps",
        save_steps=max(1, steps // SAVES_PER_ROUND),
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
    )


def _bf16(config: DpoConfig) -> bool:
    """Whether training runs in bfloat16 autocast: only a gain where the processor has it."""
    if config.precision != "auto":
        return config.precision == "bf16"
    if device() == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    abilities = torch.cpu.get_capabilities()
    return bool(abilities.get("amx_tile") or abilities.get("avx512_bf16"))


def _forget_incomplete(folder: Path) -> None:
    for path in folder.glob("checkpoint-*"):
        if not (path / COMPLETE).exists():
            shutil.rmtree(path)
