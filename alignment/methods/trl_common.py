"""What the methods that use TRL share: the starting model, the arguments, the training itself, its progress and resumption."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from datasets.arrow_dataset import Dataset
from peft import LoraConfig
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from alignment.checkpoints.registry import tensors_hash
from alignment.context import RoundContext, Trained
from alignment.contract.configs.policy import Schedule, micro_batch
from alignment.contract.errors import InvalidSnapshot, RoundRefused
from alignment.contract.files import fresh_dir
from alignment.contract.manifests.stage import TrainingFacts
from alignment.contract.snapshot import Messages
from alignment.distributed.group import ProcessGroup
from alignment.models import adapter
from alignment.models.chat_template import fitting
from alignment.models.loading import Model, device, load_base
from reward_model.precision import bf16

COMPLETE = "complete"
READING_SECONDS = 2.0
FITTING = 0.02
"""The share of the stage that turning texts into tokens takes, before the first step."""
Item = TypeVar("Item")
SAVES_PER_ROUND = 10
CHAT_TEMPLATE = {"sanitize_control_tokens": True}
"""Text of people cannot become control tokens."""
METRICS = {
    "loss": "loss",
    "rewards/accuracies": "accuracy",
    "rewards/margins": "margin",
    "mean_token_accuracy": "token_accuracy",
    "reward": "reward",
    "kl": "kl",
    "entropy": "entropy",
    "completions/mean_length": "reply_length",
}
"""TRL's names of the reported metrics, and ours."""


def starting_model(context: RoundContext) -> tuple[Model, LoraConfig | None]:
    """The model to train, and the LoRA to add to it: None where training continues the adapter of a parent.

    With a new LoRA, TRL's reference is the base model; with a parent's adapter it is a frozen copy of that adapter.
    """
    base = load_base(context.base_dir)
    if context.parent_adapter:
        return adapter.continue_adapter(base, context.parent_adapter), None
    return base, adapter.lora_config(context.policy, base)


def fit(
    context: RoundContext,
    trainer: Trainer,
    folder: Path,
    numbers: Mapping[str, float],
    reward_model: str = "",
) -> Trained:
    """Train, continuing from `context.current` or from where an earlier attempt stopped. `numbers` go into the manifest. Raises NothingLearned,
    Interrupted (the state is saved: call again to continue)."""
    model: Model = trainer.model
    if context.current:
        adapter.go_on_from(model, context.current)
    before = adapter.weights(model)
    trainable = adapter.trainable_parameters(model)
    with context.stop.deferred():
        trainer.train(resume_from_checkpoint=last_complete(folder))
    after = adapter.weights(model)
    measured = {
        "steps": int(trainer.state.global_step),
        "loss": next(entry["loss"] for entry in reversed(trainer.state.log_history) if "loss" in entry),
        "trainable_parameters": trainable,
        "update_norm": round(adapter.change(before, after), 6),
    }
    facts = TrainingFacts(tensors_hash(before), {**numbers, **measured}, reward_model)
    return Trained(after, model.peft_config["default"], facts)


def arguments(context: RoundContext, folder: Path, schedule: Schedule, steps: int) -> dict[str, Any]:
    """The arguments of every trainer. `steps` is the expected number of optimiser steps. Processes that train together share the batch of
    each step. Raises RoundRefused where it cannot be shared evenly."""
    config = context.policy
    share = _share(schedule.batch, context.ranks)
    at_once = micro_batch(share, schedule.micro_batch)
    return {
        "output_dir": str(folder),
        "seed": context.seed,
        "data_seed": context.seed,
        "learning_rate": schedule.learning_rate,
        "num_train_epochs": schedule.epochs,
        "per_device_train_batch_size": at_once,
        "gradient_accumulation_steps": share // at_once,
        "lr_scheduler_type": config.scheduler,
        "warmup_steps": config.warmup,
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_grad_norm,
        # On a CPU recomputing activations costs a fifth of the speed; small forward passes save as much memory.
        "activation_checkpointing": device() == "cuda",
        "use_cpu": device() == "cpu",
        "bf16": bf16(config.precision, device()),
        "dataloader_pin_memory": False,
        "logging_steps": 1,
        "save_strategy": "steps",
        "save_steps": max(1, steps // SAVES_PER_ROUND),
        "save_total_limit": 2,
        "report_to": "none",
        "disable_tqdm": True,
    }


def _share(batch: int, ranks: ProcessGroup) -> int:
    """Examples per optimiser step in each process."""
    if batch % ranks.world:
        raise RoundRefused(
            f"a batch of {batch} cannot be shared by {ranks.world} processes: set batch_size to a multiple, or lower "
            "CODELYNN_TRAIN_PROCESSES"
        )
    return batch // ranks.world


def seen_by_all(dataset: Dataset, folder: Path, ranks: ProcessGroup) -> Dataset:
    """The dataset, on disk where several processes train: TRL stores the reference log-probabilities next to it, for all processes."""
    if ranks.world == 1:
        return dataset
    if ranks.first:
        dataset.save_to_disk(fresh_dir(folder / "examples"))
    ranks.wait()
    return Dataset.load_from_disk(folder / "examples")


def steps_of(schedule: Schedule, examples: int) -> int:
    """About how many optimiser steps the examples take."""
    return max(1, round(schedule.epochs * examples / schedule.batch))


def answer(reply: str) -> list[dict[str, str]]:
    """A reply in TRL's conversational format.

    TRL adds an end token to every reply, also to one that was cut at the token limit; DPO removes it from those
    (docs/decisions/0006-dpo-defaults.md).
    """
    return [{"role": "assistant", "content": reply}]


def fitting_replies(context: RoundContext, prompt: Messages, *replies: str) -> Messages | None:
    """The prompt shortened so that it fits `max_length` with its replies; None where the last turn alone is too long."""
    return fitting(context.tokenizer, prompt, replies, context.policy.max_length)


def refuse_too_few(context: RoundContext, fitted: int, total: int, what: str) -> None:
    """Raise InvalidSnapshot where too few examples fit into `max_length`."""
    if fitted < context.min_pairs:
        raise InvalidSnapshot(
            f"only {fitted} of {total} {what} fit into max_length {context.policy.max_length}, "
            f"and a round needs {context.min_pairs}: raise max_length"
        )


def last_complete(folder: Path) -> str | None:
    """The newest trainer checkpoint that was written whole (a killed trainer may leave an incomplete one)."""
    whole = [mark.parent for mark in folder.glob(f"checkpoint-*/{COMPLETE}")]
    newest = max(whole, key=lambda path: int(path.name.split("-")[1]), default=None)
    return str(newest) if newest else None


def forget_incomplete(folder: Path) -> None:
    """Remove trainer checkpoints that are incomplete."""
    for path in folder.glob("checkpoint-*"):
        if not (path / COMPLETE).exists():
            shutil.rmtree(path)


class ReadingProgress:
    """Reports the work before the first step: `share` of the stage, from `begin` on. Call it with how many of `total` examples
    are done. It reports every two seconds, and raises Interrupted where the round is to stop."""

    def __init__(
        self, context: RoundContext, message: str, total: int, begin: float, share: float, stage: str = ""
    ) -> None:
        self._context, self._message, self._total = context, message, max(total, 1)
        self._begin, self._share, self._stage = begin, share, stage or context.training
        self._reported = float("-inf")

    def __call__(self, done: int) -> None:
        self._context.stop.check()
        if time.monotonic() - self._reported < READING_SECONDS:
            return
        self._reported = time.monotonic()
        done = min(done, self._total)
        fraction = self._begin + self._share * done / self._total
        self._context.events.emit(self._stage, done, self._total, message=self._message, fraction=fraction)


def counted(items: Sequence[Item], progress: ReadingProgress) -> Iterator[Item]:
    """The items, with progress."""
    for done, item in enumerate(items):
        progress(done)
        yield item


class ProgressCallback(TrainerCallback):
    """Reports every step, marks complete checkpoints, and stops after the step in which SIGTERM arrived."""

    def __init__(self, context: RoundContext, begin: float, stage: str = "") -> None:
        """`begin` is the share of the stage that is done when the first step begins. `stage` defaults to the training stage."""
        self._events = context.events
        self._stop = context.stop
        self._ranks = context.ranks
        self._begin = begin
        self._stage = stage or context.training

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        logs = kwargs.get("logs") or {}
        if "loss" not in logs:
            return
        metrics = {short: float(logs[name]) for name, short in METRICS.items() if name in logs}
        done = state.global_step / max(state.max_steps, 1)
        fraction = self._begin + (1 - self._begin) * done
        self._events.emit(self._stage, state.global_step, state.max_steps, metrics, fraction=fraction)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self._ranks.any(self._stop.requested):  # all processes stop after the same step
            control.should_save = True
            control.should_training_stop = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._ranks.wait()  # each process writes a part
        (Path(str(args.output_dir)) / f"checkpoint-{state.global_step}" / COMPLETE).touch()
