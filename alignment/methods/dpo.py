"""Direct preference optimisation of a LoRA adapter, by TRL's DPOTrainer.

Read from top to bottom: batch, training, data, trainer. `trl_common.py` holds what the methods share.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasets.arrow_dataset import Dataset
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from alignment.context import RoundContext, Trained
from alignment.contract.configs.dpo import DpoConfig
from alignment.contract.snapshot import Pair, Snapshot
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
    seen_by_all,
    starting_model,
    steps_of,
)
from alignment.models.chat_template import before_end
from alignment.models.sampling import end_ids

PASS_COST = 1.7
"""The time of one training pass over the pairs, as a multiple of one pass of the base model: forward, and backward through half of the layers."""
CUT = {"chosen_cut": "chosen_ids", "rejected_cut": "rejected_ids"}
"""The column that says whether a reply was cut, and the column of its token ids."""


def dpo_batch(config: DpoConfig, snapshot: Snapshot) -> int:
    """Pairs per optimiser step."""
    return config.schedule(len(snapshot.train)).batch


def train_dpo(context: RoundContext, folder: Path) -> Trained:
    """Train on the snapshot's pairs, keeping resumable state in `folder`. The same seed gives the same adapter on the same machine.

    Raises InvalidSnapshot if too few pairs fit, NothingLearned, Interrupted (state saved: call again to go on).
    """
    pairs = context.snapshot.train
    fitted = fitting_pairs(context)
    trainer = _trainer(context, fitted, folder)
    return fit(context, trainer, folder, {"pairs": len(fitted), "pairs_too_long": len(pairs) - len(fitted)})


def fitting_pairs(context: RoundContext) -> list[Pair]:
    """The training pairs with their prompts shortened to fit `max_length`, without those whose last turn alone is too long. Raises
    InvalidSnapshot."""
    pairs = context.snapshot.train
    progress = ReadingProgress(context, "Fitting the pairs into the context", len(pairs), 0.0, FITTING)
    fitted = [
        replace(pair, prompt=prompt)
        for pair in counted(pairs, progress)
        if (prompt := fitting_replies(context, pair.prompt, pair.chosen, pair.rejected))
    ]
    refuse_too_few(context, len(fitted), len(pairs), "pairs")
    return fitted


class PairTrainer(DPOTrainer):
    """TRL's trainer adds an end token to every reply. This one removes it from replies that were cut."""

    def __init__(self, ends: Sequence[int], read: Callable[[int], None], **rest: Any) -> None:
        """`ends` are the token ids that end a reply. `read` hears how many pairs the base model has read before the first step."""
        self._ends, self._read, self._done = ends, read, 0
        super().__init__(**rest)

    def compute_ref_log_probs(self, model: Any, inputs: Any) -> Any:
        self._read(self._done)
        chosen, rejected = super().compute_ref_log_probs(model, inputs)  # type: ignore[no-untyped-call]
        self._done += len(chosen) * self.accelerator.num_processes
        return chosen, rejected

    def _prepare_dataset(self, *args: Any, **kwargs: Any) -> Any:
        prepared = super()._prepare_dataset(*args, **kwargs)
        return prepared.map(without_ends, fn_kwargs={"ends": self._ends}, remove_columns=list(CUT))


def without_ends(row: dict[str, Any], ends: Sequence[int]) -> dict[str, Sequence[int]]:
    """The token ids of both replies of a pair. A reply that was cut loses its end token."""
    return {ids: before_end(row[ids], ends) if row[cut] else row[ids] for cut, ids in CUT.items()}


def _trainer(context: RoundContext, pairs: Sequence[Pair], folder: Path) -> DPOTrainer:
    model, lora = starting_model(context)
    forget_incomplete(folder)
    begin = 1 / (1 + PASS_COST * context.settings(DpoConfig).schedule(len(pairs)).epochs)
    thinks = "Reading what the base model thinks of the pairs"
    return PairTrainer(
        end_ids(context.base_dir, context.tokenizer),
        ReadingProgress(context, thinks, len(pairs), FITTING, begin - FITTING),
        model=model,
        args=_arguments(context, folder, len(pairs)),
        train_dataset=seen_by_all(dataset(pairs), folder, context.ranks),
        processing_class=context.tokenizer,
        peft_config=lora,
        callbacks=[ProgressCallback(context, begin)],
    )


def dataset(pairs: Sequence[Pair]) -> Dataset:
    """The pairs in TRL's conversational format."""
    return Dataset.from_list(
        [
            {
                "prompt": list(pair.prompt),
                "chosen": answer(pair.chosen),
                "rejected": answer(pair.rejected),
                "chosen_cut": pair.chosen_cut,
                "rejected_cut": pair.rejected_cut,
                "chat_template_kwargs": CHAT_TEMPLATE,
            }
            for pair in pairs
        ]
    )


def _arguments(context: RoundContext, folder: Path, pairs: int) -> DPOConfig:
    config = context.settings(DpoConfig)
    schedule = config.schedule(pairs)
    return DPOConfig(
        **arguments(context, folder, schedule, steps_of(schedule, pairs)),
        beta=config.beta,
        loss_type=list(config.loss),
        loss_weights=list(config.loss_weights) or None,
        label_smoothing=config.label_smoothing,
        max_length=config.max_length,
        disable_dropout=config.lora_dropout == 0,
        precompute_ref_log_probs=True,
    )


TRAINING = Training(train_dpo, dpo_batch)
