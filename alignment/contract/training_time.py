"""The expected training time of each method in seconds, measured or estimated with the default model on one core."""

from alignment.contract.amounts import Amounts
from alignment.contract.configs.dpo import DpoConfig
from alignment.contract.configs.kto import KtoConfig
from alignment.contract.configs.ppo import PpoConfig
from alignment.contract.configs.rloo import RlooConfig
from alignment.contract.configs.sft import SftConfig
from reward_model.config import RewardConfig

SECONDS_PER_TOKEN = 0.02
"""Seconds per token of a prompt or reply, for writing it and either learning from it or scoring it."""
MEAN_PROMPT = 100


def dpo_seconds(config: DpoConfig, amounts: Amounts) -> float:
    return 10 + amounts.pairs * (0.4 + 1.2 * config.schedule(amounts.pairs).epochs)


def kto_seconds(config: KtoConfig, amounts: Amounts) -> float:
    """DPO's, and as much again for the KL estimate. Estimated, not measured."""
    return 10 + amounts.rated * (0.4 + 1.2 * config.schedule(amounts.rated).epochs)


def sft_seconds(config: SftConfig, amounts: Amounts) -> float:
    """Half of DPO's per pass, which reads two replies. Estimated, not measured."""
    count = amounts.demonstrations
    return 10 + count * 0.6 * config.schedule(count).epochs


def rloo_seconds(config: RlooConfig, amounts: Amounts) -> float:
    """Writing, rewarding and learning from each reply, on a busy core."""
    replies = config.steps * config.schedule().batch
    return 20 + replies * (config.max_new_tokens * 0.04 + 0.4)


def ppo_seconds(config: PpoConfig, amounts: Amounts) -> float:
    """On one core."""
    return 20 + config.episodes * (MEAN_PROMPT + config.max_new_tokens) * SECONDS_PER_TOKEN


def reward_seconds(config: RewardConfig, amounts: Amounts) -> float:
    """Of a reward model, which reads every pair of a ranking."""
    return 10 + 2.0 * amounts.pairs
