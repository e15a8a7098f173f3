"""Direct preference optimisation of a LoRA adapter, by TRL's DPOTrainer.

Reads top to bottom: data, trainer, run. What all methods share is in `trainer.py`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasets.arrow_dataset import Dataset
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from alignment.context import RoundContext, Trained
from alignment.contract.configs.dpo import DpoConfig
from alignment.contract.snapshot import Pair, Snapshot
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
    seen_by_all,
    starting_model,
    steps_of,
)
from alignment.models.chat_template import Tokenizer, before_end
from alignment.models.sampling import end_ids

# A training pass over the pairs, in passes of the base alone: forward, and backward through half the layers.
PASS_COST = 1.7
CUT = {"chosen_cut": "chosen_ids", "rejected_cut": "rejected_ids"}
"""Columns that say whether a reply was cut, and those of its token ids."""


def dpo_batch(spec: RoundSpec, snapshot: Snapshot) -> int:
    """Pairs per optimiser step."""
    return spec.settings(DpoConfig).schedule(len(snapshot.train)).batch


def train_dpo(work: RoundContext, folder: Path) -> Trained:
    """Train on the snapshot's pairs, keeping resumable state in `folder`. The same seed gives the same adapter on the same machine.

    Raises InvalidSnapshot if too few pairs fit, NothingLearned, Interrupted (state saved: call again to go on).
    """
    spec, pairs = work.spec, work.snapshot.train
    fitted = fitting_pairs(work.tokenizer, pairs, spec)
    work.events.emit(
        work.training, 0, 1, message="Reading what the base model thinks of the pairs", fraction=0.0
    )
    trainer = _trainer(work, fitted, folder)
    return fit(work, trainer, folder, {"pairs": len(fitted), "pairs_too_long": len(pairs) - len(fitted)})


def fitting_pairs(tokenizer: Tokenizer, pairs: Sequence[Pair], spec: RoundSpec) -> list[Pair]:
    """The pairs cut to `max_length`, without those whose last turn alone is too long. Raises InvalidSnapshot."""
    fitted = [
        replace(pair, prompt=prompt)
        for pair in pairs
        if (prompt := fitting_replies(tokenizer, spec, pair.prompt, pair.chosen, pair.rejected))
    ]
    refuse_too_few(len(fitted), len(pairs), "pairs", spec)
    return fitted


class PairTrainer(DPOTrainer):
    """TRL's trainer, which gives each reply an end token; here those that were cut have none."""

    def __init__(self, ends: Sequence[int], **rest: Any) -> None:
        """`ends` are the ids that end a reply."""
        self._ends = ends
        super().__init__(**rest)

    def _prepare_dataset(self, *given: Any, **more: Any) -> Any:
        prepared = super()._prepare_dataset(*given, **more)
        return prepared.map(without_ends, fn_kwargs={"ends": self._ends}, remove_columns=list(CUT))


def without_ends(row: dict[str, Any], ends: Sequence[int]) -> dict[str, Sequence[int]]:
    """The token ids of both replies of a pair, those of one that was cut up to its end token and without it."""
    return {ids: before_end(row[ids], ends) if row[cut] else row[ids] for cut, ids in CUT.items()}


def _trainer(work: RoundContext, pairs: Sequence[Pair], folder: Path) -> DPOTrainer:
    model, lora = starting_model(work.spec)
    forget_incomplete(folder)
    begin = 1 / (1 + PASS_COST * work.spec.settings(DpoConfig).schedule(len(pairs)).epochs)
    return PairTrainer(
        end_ids(work.spec.base_dir, work.tokenizer),
        model=model,
        args=_arguments(work, folder, len(pairs)),
        train_dataset=seen_by_all(dataset(pairs), folder, work.ranks),
        processing_class=work.tokenizer,
        peft_config=lora,
        callbacks=[ProgressCallback(work, begin)],
    )


def dataset(pairs: Sequence[Pair]) -> Dataset:
    """TRL's conversational form."""
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


def _arguments(work: RoundContext, folder: Path, pairs: int) -> DPOConfig:
    config = work.spec.settings(DpoConfig)
    schedule = config.schedule(pairs)
    return DPOConfig(
        **arguments(work, folder, schedule, steps_of(schedule, pairs)),
        beta=config.beta,
        loss_type=list(config.loss),
        loss_weights=list(config.loss_weights) or None,
        label_smoothing=config.label_smoothing,
        max_length=config.max_length,
        disable_dropout=config.lora_dropout == 0,
        precompute_ref_log_probs=True,
    )


TRAINING = Training(train_dpo, dpo_batch)
