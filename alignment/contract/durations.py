"""The expected time of each stage of a round, measured or estimated with the default model on two cores, one of which trained."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from alignment.contract.amounts import Amounts
from alignment.contract.configs.online import OnlineConfig
from alignment.contract.configs.policy import PolicyConfig
from alignment.contract.configs.sft import SftConfig
from alignment.contract.errors import InvalidConfig
from alignment.contract.methods import METHODS, RoundConfig, round_config
from alignment.contract.training_time import SECONDS_PER_TOKEN, reward_seconds, sft_seconds
from reward_model.config import RewardConfig

SNAPSHOT = "snapshot"
"""The first stage, in which the worker writes what the round learns from."""
SECONDS_PER_PAIR_WRITTEN = 7e-5
SPARE = 2.4
"""Measured rounds took up to so much longer than the sum of their stages, with other work beside them (docs/benchmarks/owner.md: 11.6
minutes with 50 votes, 20.3 with 150)."""
EXPECTED_SHARE = 0.4
"""The expected share of prompts whose fresh replies give a pair."""
SHARED = {
    "max_length",
    "max_pairs",
    "precision",
    "seed",
    "lora_r",
    "lora_alpha",
    "lora_dropout",
    "lora_targets",
    "lora_depth",
}
"""The settings that the stage on demonstrations shares with the method after it."""


def round_seconds(config: RoundConfig, amounts: Amounts, pairs_written: int) -> dict[str, float]:
    """Expected seconds of each stage, in order, with the snapshot of all pairs there are before them."""
    return {SNAPSHOT: 1 + pairs_written * SECONDS_PER_PAIR_WRITTEN, **stage_seconds(config, amounts)}


def stage_seconds(config: RoundConfig, amounts: Amounts) -> dict[str, float]:
    """Expected seconds of each stage of the trainer, in order."""
    if isinstance(config, RewardConfig):
        return {"reward": reward_seconds(config, amounts)}
    first = {"reward": reward_seconds(RewardConfig(), amounts)} if config.reward else {}
    if config.sft_first:
        first["sft"] = sft_seconds(sft_config(config), amounts)
    guard = 60.0 if config.perplexity_budget else 0.0
    replies = min(config.gate_prompts, 48) * config.gate_max_new_tokens
    return {
        **first,
        "train": train_seconds(config, amounts) + guard,
        **_repetitions(config, amounts, guard),
        "publish": 20.0,
        "gate": 40 + replies / 60 + amounts.heldout * 0.5,
    }


def first_round(
    threads: int, size: Callable[[], float | None]
) -> Callable[[str, Mapping[str, Any], Amounts], float | None]:
    """What says how many seconds a first round may take on this machine, roughly: from method, settings and amounts; None while the
    settings are not valid, or the size of the base model (`size_of`) is not known. `threads` train (0: all cores but one)."""

    def seconds(method: str, config: Mapping[str, Any], amounts: Amounts) -> float | None:
        try:
            checked = round_config(method, config)
        except InvalidConfig:
            return None
        model_size = size()
        if model_size is None:
            return None
        return at_most(checked, amounts, threads or training_threads(), model_size)

    return seconds


def training_threads() -> int:
    """All cores but one, which is left for replies."""
    return max(1, (os.cpu_count() or 1) - 1)


def at_most(config: RoundConfig, amounts: Amounts, threads: int, size: float) -> float:
    """An upper bound in seconds for a first round. The time falls with the root of the threads, since more threads help less than in proportion."""
    return sum(stage_seconds(config, amounts).values()) * SPARE * size / math.sqrt(threads)


def train_seconds(config: PolicyConfig, amounts: Amounts) -> float:
    """Expected seconds of one training."""
    seconds = next(method.seconds for method in METHODS.values() if isinstance(config, method.config))
    return seconds(config, amounts)


def sft_config(config: PolicyConfig) -> SftConfig:
    """The settings of the stage on demonstrations: those that it shares with the method after it, and defaults for the rest."""
    return SftConfig(**config.model_dump(include=SHARED))


def _repetitions(config: PolicyConfig, amounts: Amounts, guard: float) -> dict[str, float]:
    """Expected seconds of the stages that train again on fresh replies."""
    if not isinstance(config, OnlineConfig):
        return {}
    replies = config.online_prompts * config.online_candidates
    took: dict[str, float] = {}
    for number in range(1, config.online_repeats + 1):
        fresh = math.ceil(EXPECTED_SHARE * number * config.online_prompts)
        grown = replace(amounts, pairs=amounts.pairs + fresh)
        took[f"draw-{number}"] = 15 + replies * config.online_max_new_tokens * SECONDS_PER_TOKEN
        took[f"train-{number}"] = train_seconds(config, grown) + guard
    return took
