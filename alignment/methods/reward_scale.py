"""The unit of the reward: the standard deviation of the rewards before training.

A reward model gives log odds. Trained on few rankings, its rewards differ by hundredths, so any KL penalty outweighs them; trained on
many, they differ far more. Divided by their deviation before training, one weight of the KL fits both (Ziegler et al. 2019, section 2.1,
arXiv 1909.08593).
"""

import math
from collections.abc import Callable, Sequence
from statistics import fmean, variance

from alignment.contract.errors import RoundRefused
from alignment.contract.snapshot import Messages

Score = Callable[[Sequence[tuple[Messages, str]]], list[float]]
"""From prompts and replies to scores; higher is better."""
Draw = Callable[[Sequence[Messages]], list[str]]
"""One reply to each prompt."""

PROMPTS, REPLIES = 8, 4
NOTHING = 1e-6


def measure_unit(prompts: Sequence[Messages], draw: Draw, score: Score) -> float:
    """The unit, measured on REPLIES replies to each of the first PROMPTS prompts. Raises RoundRefused where the rewards are not numbers or
    do not differ."""
    repeated = [prompt for prompt in prompts[:PROMPTS] for _ in range(REPLIES)]
    rewards = score(list(zip(repeated, draw(repeated), strict=True)))
    if not all(map(math.isfinite, rewards)):
        raise RoundRefused("the reward model gives rewards that are not numbers: train it again")
    unit = deviation([rewards[begin : begin + REPLIES] for begin in range(0, len(rewards), REPLIES)])
    if unit < NOTHING:
        raise RoundRefused(
            "the reward model likes all replies alike, so nothing can be learned from it: rank more replies and train it again"
        )
    return unit


def deviation(rewards: Sequence[Sequence[float]]) -> float:
    """The standard deviation of rewards within the same prompt; differences between prompts do not count. 0 where no prompt has two replies."""
    variances = [variance(each) for each in rewards if len(each) > 1]
    return math.sqrt(fmean(variances)) if variances else 0.0


def in_units(score: Score, unit: float) -> Score:
    """The scores divided by the unit."""
    return lambda items: [reward / unit for reward in score(items)]
