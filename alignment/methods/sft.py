"""Supervised fine-tuning of a LoRA adapter on demonstrations, by TRL's SFTTrainer. The loss counts the reply alone."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from datasets.arrow_dataset import Dataset
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from alignment.context import RoundContext, Trained
from alignment.contract.configs.sft import SftConfig
from alignment.contract.durations import sft_config
from alignment.contract.snapshot import Demonstration, Snapshot
from alignment.contract.spec import RoundSpec
from alignment.methods.training import Training
from alignment.methods.trl_common import (
    CHAT_TEMPLATE,
    ProgressCallback,
    answer,
    arguments,
    fit,
    fitting_replies,
    forget_incomplete,
    refuse_too_few,
    starting_model,
    steps_of,
)
from alignment.models.chat_template import Tokenizer


def sft_spec(spec: RoundSpec) -> RoundSpec:
    """The spec of the stage before another method: its adapter, context and seed, and the usual settings for the rest."""
    return replace(spec, method="sft", config=sft_config(spec.policy))


def sft_batch(spec: RoundSpec, snapshot: Snapshot) -> int:
    """Demonstrations per optimiser step."""
    return spec.settings(SftConfig).schedule(len(snapshot.demonstrations)).batch


def train_sft(work: RoundContext, folder: Path, stage: str = "train") -> Trained:
    """Train on the snapshot's demonstrations, keeping resumable state in `folder`; progress is told of `stage`.

    Raises InvalidSnapshot if too few demonstrations fit, NothingLearned, Interrupted (state saved: call again to go on).
    """
    given = work.snapshot.demonstrations
    fitted = fitting_demonstrations(work.tokenizer, given, work.spec)
    work.events.emit(stage, 0, 1, message="Reading the demonstrations", fraction=0.0)
    trainer = _trainer(work, fitted, folder, stage)
    facts = {"demonstrations": len(fitted), "demonstrations_too_long": len(given) - len(fitted)}
    return fit(work, trainer, folder, facts)


def fitting_demonstrations(
    tokenizer: Tokenizer, given: Sequence[Demonstration], spec: RoundSpec
) -> list[Demonstration]:
    """The demonstrations cut to `max_length`, without those whose last turn alone is too long. Raises InvalidSnapshot."""
    fitted = [
        Demonstration(prompt, item.reply)
        for item in given
        if (prompt := fitting_replies(tokenizer, spec, item.prompt, item.reply))
    ]
    refuse_too_few(len(fitted), len(given), "demonstrations", spec)
    return fitted


def dataset(demonstrations: Sequence[Demonstration]) -> Dataset:
    """TRL's conversational prompt and completion."""
    return Dataset.from_list(
        [
            {
                "prompt": list(item.prompt),
                "completion": answer(item.reply),
                "chat_template_kwargs": CHAT_TEMPLATE,
            }
            for item in demonstrations
        ]
    )


def _trainer(
    work: RoundContext, demonstrations: Sequence[Demonstration], folder: Path, stage: str
) -> SFTTrainer:
    model, lora = starting_model(work.spec)
    forget_incomplete(folder)
    config = work.spec.settings(SftConfig)
    schedule = config.schedule(len(demonstrations))
    return SFTTrainer(
        model=model,
        args=SFTConfig(
            **arguments(work, folder, schedule, steps_of(schedule, len(demonstrations))),
            max_length=config.max_length,
            completion_only_loss=True,
        ),
        train_dataset=dataset(demonstrations),
        processing_class=work.tokenizer,
        peft_config=lora,
        callbacks=[ProgressCallback(work, 0.0, stage)],
    )


TRAINING = Training(train_sft, sft_batch, from_pairs=False)
