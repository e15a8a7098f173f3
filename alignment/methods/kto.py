"""Kahneman-Tversky optimisation of a LoRA adapter on single rated replies, by TRL's KTOTrainer.

KTO (Ethayarajh et al. 2024, arXiv 2402.01306) needs no pairs: thumbs are enough, and a pair is one good and one bad reply.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from datasets.arrow_dataset import Dataset
from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer

from alignment.context import RoundContext, Trained
from alignment.contract.amounts import Amounts
from alignment.contract.configs.kto import KtoConfig
from alignment.contract.errors import InvalidSnapshot
from alignment.contract.requirements import lacking
from alignment.contract.snapshot import Rating, Snapshot
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

HIGHEST_BALANCE = 4 / 3
PASS_COST = 1.7
"""The time of one training pass over the replies, each read twice, as a multiple of one pass of the base model."""


def kto_batch(config: KtoConfig, snapshot: Snapshot) -> int:
    """Pairs of replies per optimiser step. Each process needs at least two replies to estimate the KL."""
    return max(1, config.schedule(len(rated_replies(snapshot))).batch // 2)


def train_kto(context: RoundContext, folder: Path) -> Trained:
    """Train on the snapshot's ratings and on its pairs taken apart, keeping resumable state in `folder`.

    Raises InvalidSnapshot if too few replies fit or all are good or all bad, NothingLearned, Interrupted (state saved:
    call again to go on).
    """
    ratings = rated_replies(context.snapshot)
    fitted = fitting_ratings(context, ratings)
    good = sum(rating.good for rating in fitted)
    weights = balancing_weights(good, len(fitted) - good, context.settings(KtoConfig))
    trainer = _trainer(context, fitted, weights, folder)
    facts = {
        "good": good,
        "bad": len(fitted) - good,
        "replies_too_long": len(ratings) - len(fitted),
        "desirable_weight": round(weights[0], 4),
        "undesirable_weight": round(weights[1], 4),
    }
    return fit(context, trainer, folder, facts)


def rated_replies(snapshot: Snapshot) -> list[Rating]:
    """The ratings of the training side, then each of its pairs as a good and a bad reply.

    A reply that won one comparison and lost another counts on both sides.
    """
    taken_apart = [
        Rating(pair.prompt, reply, good)
        for pair in snapshot.train
        for reply, good in ((pair.chosen, True), (pair.rejected, False))
    ]
    return [*snapshot.ratings, *taken_apart]


def fitting_ratings(context: RoundContext, ratings: Sequence[Rating]) -> list[Rating]:
    """The ratings with their prompts shortened to fit `max_length`, without those whose last turn alone is too long. Raises
    InvalidSnapshot."""
    progress = ReadingProgress(context, "Fitting the replies into the context", len(ratings), 0.0, FITTING)
    fitted = [
        Rating(prompt, item.reply, item.good)
        for item in counted(ratings, progress)
        if (prompt := fitting_replies(context, item.prompt, item.reply))
    ]
    refuse_too_few(context, len(fitted), len(ratings), "rated replies")
    good = sum(rating.good for rating in fitted)
    if problem := lacking(("ratings",), Amounts(good=good, bad=len(fitted) - good), 1):
        raise InvalidSnapshot(problem)
    return fitted


def balancing_weights(good: int, bad: int, config: KtoConfig) -> tuple[float, float]:
    """Weights of good and of bad replies so that weighted good ones are 1 to 4/3 times as many (section 4.2, eq. 8).

    A weight that is set stays. Otherwise the weaker side gets just as much more as it needs.
    """
    ratio = good / bad
    desirable = config.desirable_weight or 1.0
    undesirable = config.undesirable_weight or 1.0
    balance = ratio * desirable / undesirable
    if balance < 1 and config.desirable_weight is None:
        return undesirable / ratio, undesirable
    if balance > HIGHEST_BALANCE and config.undesirable_weight is None:
        return desirable, ratio * desirable / HIGHEST_BALANCE
    return desirable, undesirable


def in_order(ratings: Sequence[Rating], seed: int, micro_batch: int) -> list[Rating]:
    """The ratings shuffled, since TRL reads them in order, and extended from the beginning to a multiple of `micro_batch`.

    TRL estimates the KL by pairing each reply with another prompt of the same forward pass, so none may be alone in one.
    """
    shuffled = list(ratings)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - orders examples, guards nothing
    return shuffled + shuffled[: -len(shuffled) % micro_batch]


class ReplyTrainer(KTOTrainer):
    """TRL's trainer, which says how many replies the base model has read before the first step."""

    def __init__(self, read: Callable[[int], None], **rest: Any) -> None:
        self._read, self._done = read, 0
        super().__init__(**rest)

    def compute_ref_log_probs(self, model: Any, inputs: Any) -> Any:
        self._read(self._done)
        found = super().compute_ref_log_probs(model, inputs)  # type: ignore[no-untyped-call]
        self._done += len(found[0]) * self.accelerator.num_processes
        return found


def dataset(ratings: Sequence[Rating]) -> Dataset:
    """The ratings in TRL's conversational format for unpaired preferences."""
    return Dataset.from_list(
        [
            {
                "prompt": list(rating.prompt),
                "completion": answer(rating.reply),
                "label": rating.good,
                "chat_template_kwargs": CHAT_TEMPLATE,
            }
            for rating in ratings
        ]
    )


def _trainer(
    context: RoundContext, ratings: Sequence[Rating], weights: tuple[float, float], folder: Path
) -> ReplyTrainer:
    model, lora = starting_model(context)
    forget_incomplete(folder)
    config = context.settings(KtoConfig)
    schedule = config.schedule(len(ratings))
    begin = 1 / (1 + PASS_COST * schedule.epochs)
    thinks = "Reading what the base model thinks of the replies"
    return ReplyTrainer(
        ReadingProgress(context, thinks, len(ratings), FITTING, begin - FITTING),
        model=model,
        args=KTOConfig(
            **arguments(context, folder, schedule, steps_of(schedule, len(ratings))),
            beta=config.beta,
            desirable_weight=weights[0],
            undesirable_weight=weights[1],
            max_length=config.max_length,
            disable_dropout=config.lora_dropout == 0,
            precompute_ref_log_probs=True,
        ),
        train_dataset=seen_by_all(
            dataset(in_order(ratings, context.seed, schedule.micro_batch)), folder, context.ranks
        ),
        processing_class=context.tokenizer,
        peft_config=lora,
        callbacks=[ProgressCallback(context, begin)],
    )


TRAINING = Training(train_kto, kto_batch)
