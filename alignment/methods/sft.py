"""Supervised fine-tuning of a LoRA adapter on demonstrations, by TRL's SFTTrainer. Only the tokens of the reply count in the loss."""

from collections.abc import Sequence
from pathlib import Path

from datasets.arrow_dataset import Dataset
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from alignment.context import RoundContext, Trained
from alignment.contract.configs.sft import SftConfig
from alignment.contract.snapshot import Demonstration, Snapshot
from alignment.methods.training import Training
from alignment.methods.trl_common import (
    CHAT_TEMPLATE,
    FITTING,
    ProgressCallback,
    ReadingProgress,
    answer,
    arguments,
    counted,
    fit,
    fitting_replies,
    forget_incomplete,
    refuse_too_few,
    starting_model,
    steps_of,
)


def sft_batch(config: SftConfig, snapshot: Snapshot) -> int:
    """Demonstrations per optimiser step."""
    return config.schedule(len(snapshot.demonstrations)).batch


def train_sft(context: RoundContext, folder: Path, stage: str = "train") -> Trained:
    """Train on the snapshot's demonstrations, keeping resumable state in `folder`. Progress is reported for `stage`.

    Raises InvalidSnapshot if too few demonstrations fit, NothingLearned, Interrupted (state saved: call again to go on).
    """
    demonstrations = context.snapshot.demonstrations
    fitted = fitting_demonstrations(context, stage)
    trainer = _trainer(context, fitted, folder, stage)
    facts = {"demonstrations": len(fitted), "demonstrations_too_long": len(demonstrations) - len(fitted)}
    return fit(context, trainer, folder, facts)


def fitting_demonstrations(context: RoundContext, stage: str = "train") -> list[Demonstration]:
    """The demonstrations with their prompts shortened to fit `max_length`, without those whose last turn alone is too long. Raises
    InvalidSnapshot."""
    demonstrations = context.snapshot.demonstrations
    message = "Fitting the demonstrations into the context"
    progress = ReadingProgress(context, message, len(demonstrations), 0.0, FITTING, stage)
    fitted = [
        Demonstration(prompt, item.reply)
        for item in counted(demonstrations, progress)
        if (prompt := fitting_replies(context, item.prompt, item.reply))
    ]
    refuse_too_few(context, len(fitted), len(demonstrations), "demonstrations")
    return fitted


def dataset(demonstrations: Sequence[Demonstration]) -> Dataset:
    """The demonstrations in TRL's conversational format of prompt and completion."""
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
    context: RoundContext, demonstrations: Sequence[Demonstration], folder: Path, stage: str
) -> SFTTrainer:
    model, lora = starting_model(context)
    forget_incomplete(folder)
    config = context.settings(SftConfig)
    schedule = config.schedule(len(demonstrations))
    return SFTTrainer(
        model=model,
        args=SFTConfig(
            **arguments(context, folder, schedule, steps_of(schedule, len(demonstrations))),
            max_length=config.max_length,
            completion_only_loss=True,
        ),
        train_dataset=dataset(demonstrations),
        processing_class=context.tokenizer,
        peft_config=lora,
        callbacks=[ProgressCallback(context, FITTING, stage)],
    )


TRAINING = Training(train_sft, sft_batch, from_pairs=False)
