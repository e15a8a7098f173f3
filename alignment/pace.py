"""How long the stages of a round take: measured or reckoned with the default model on two cores, one of which trained. Without any large
library."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alignment.base_model import BaseModelUnavailable, ready_files
from alignment.base_source import DEFAULT, find_source
from alignment.config import InvalidConfig, round_config
from alignment.configs.dpo import DpoConfig
from alignment.configs.kto import KtoConfig
from alignment.configs.online import OnlineConfig
from alignment.configs.policy import PolicyConfig
from alignment.configs.ppo import PpoConfig
from alignment.configs.rloo import RlooConfig
from alignment.configs.sft import SftConfig
from reward_model.config import RewardConfig

SPARE = 2.4
"""Measured rounds took up to so much longer than the sum of their stages, with other work beside them (docs/benchmarks/owner.md: 11.6
minutes with 50 votes, 20.3 with 150)."""
DEFAULT_BYTES = 538_090_408
"""Of the default model's weights, prepared in 32-bit floats."""
SMALLEST = 0.1
"""However small the model is, loading, saving and checking take their time."""
SECONDS_PER_TOKEN = 0.02
"""Of a prompt or reply, drawn and learned from, or drawn and scored."""
MEAN_PROMPT = 100
EXPECTED_SHARE = 0.4
"""Of the prompts that give a pair when they are replied to anew."""
SHARED = {
    "max_length",
    "precision",
    "seed",
    "lora_r",
    "lora_alpha",
    "lora_dropout",
    "lora_targets",
    "lora_depth",
}
"""What the stage on demonstrations takes from the settings of the method that follows it."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much there is to learn from; `rated` replies count each pair as two, `heldout` pairs only measure."""

    pairs: int
    heldout: int = 0
    rated: int = 0
    demonstrations: int = 0


def stage_seconds(config: PolicyConfig | RewardConfig, amounts: Amounts) -> dict[str, float]:
    """Expected seconds of each stage, in order."""
    if isinstance(config, RewardConfig):
        return {"reward": reward_seconds(amounts)}
    first = {"reward": reward_seconds(amounts)} if config.reward else {}
    if config.sft_first:
        first["sft"] = _sft(sft_config(config), amounts)
    guard = 60.0 if config.perplexity_budget else 0.0
    replies = min(config.gate_prompts, 48) * config.gate_max_new_tokens
    return {
        **first,
        "train": train_seconds(config, amounts) + guard,
        **_repetitions(config, amounts, guard),
        "publish": 20.0,
        "gate": 40 + replies / 60 + amounts.heldout * 0.5,
    }


def size_of(base_dir: Path) -> float:
    """How large a base model's weights are, as a multiple of the default model's; 1 where they are kept in another way."""
    found = sum(file.stat().st_size for file in base_dir.glob("*.safetensors"))
    return max(SMALLEST, found / DEFAULT_BYTES) if found else 1.0


def known_size(source: str, models_dir: Path) -> float | None:
    """The same of the base model that `source` names, prepared or not; None where its weights are not on this machine or it is none."""
    try:
        if ready := ready_files(source, models_dir):
            return size_of(ready.hf_dir)
        lies_at = find_source(source).path
    except BaseModelUnavailable:
        return None
    if source == DEFAULT:
        return 1.0
    return size_of(lies_at) if lies_at and lies_at.is_dir() else None


def first_round(
    threads: int, size: Callable[[], float | None]
) -> Callable[[str, Mapping[str, Any], Mapping[str, int]], float | None]:
    """What says how many seconds a first round may take on this machine, roughly: from method, settings and amounts; None while the
    settings are not valid, or the size of the base model (`size_of`) is not known. `threads` train (0: all cores but one)."""

    def seconds(method: str, config: Mapping[str, Any], amounts: Mapping[str, int]) -> float | None:
        try:
            checked = round_config(method, config)
        except InvalidConfig:
            return None
        known = size()
        return (
            None
            if known is None
            else at_most(checked, Amounts(**amounts), threads or training_threads(), known)
        )

    return seconds


def training_threads() -> int:
    """All cores but one, which answers."""
    return max(1, (os.cpu_count() or 1) - 1)


def at_most(config: PolicyConfig | RewardConfig, amounts: Amounts, threads: int, size: float) -> float:
    """Seconds that a first round may take. More threads help less than in proportion, so that the bound holds."""
    return sum(stage_seconds(config, amounts).values()) * SPARE * size / math.sqrt(threads)


def train_seconds(config: PolicyConfig, amounts: Amounts) -> float:
    """Of one training."""
    reckon = next(reckon for kind, reckon in TRAINING.items() if isinstance(config, kind))
    return reckon(config, amounts)


def sft_config(config: PolicyConfig) -> SftConfig:
    """The settings of the stage on demonstrations: what it shares with the method that follows, else the usual ones."""
    return SftConfig(**config.model_dump(include=SHARED))


def reward_seconds(amounts: Amounts) -> float:
    return 10 + 2.0 * amounts.pairs


def _repetitions(config: PolicyConfig, amounts: Amounts, guard: float) -> dict[str, float]:
    """Drawing fresh replies and training again, as often as is set."""
    if not isinstance(config, OnlineConfig):
        return {}
    replies = config.online_prompts * config.online_candidates
    took: dict[str, float] = {}
    for number in range(1, config.online_repeats + 1):
        fresh = math.ceil(EXPECTED_SHARE * number * config.online_prompts)
        grown = replace(amounts, pairs=amounts.pairs + fresh, rated=amounts.rated + 2 * fresh)
        took[f"draw-{number}"] = 15 + replies * config.online_max_new_tokens * SECONDS_PER_TOKEN
        took[f"train-{number}"] = train_seconds(config, grown) + guard
    return took


def _dpo(config: DpoConfig, amounts: Amounts) -> float:
    return 10 + amounts.pairs * (0.4 + 1.2 * config.schedule(amounts.pairs).epochs)


def _kto(config: KtoConfig, amounts: Amounts) -> float:
    """DPO's, and as much again for the KL estimate. Reckoned, not measured."""
    return 10 + amounts.rated * (0.4 + 1.2 * config.schedule(amounts.rated).epochs)


def _sft(config: SftConfig, amounts: Amounts) -> float:
    """Half of DPO's per pass, which reads two replies. Reckoned, not measured."""
    count = amounts.demonstrations
    return 10 + count * 0.6 * config.schedule(count).epochs


def _rloo(config: RlooConfig, amounts: Amounts) -> float:
    """Writing, rewarding and learning from each reply, on a busy core."""
    replies = config.steps * config.schedule().batch
    return 20 + replies * (config.max_new_tokens * 0.04 + 0.4)


def _ppo(config: PpoConfig, amounts: Amounts) -> float:
    """On one core."""
    return 20 + config.episodes * (MEAN_PROMPT + config.max_new_tokens) * SECONDS_PER_TOKEN


TRAINING: Mapping[type[PolicyConfig], Callable[..., float]] = {
    DpoConfig: _dpo,
    KtoConfig: _kto,
    SftConfig: _sft,
    RlooConfig: _rloo,
    PpoConfig: _ppo,
}
