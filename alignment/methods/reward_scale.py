"""The unit that a round counts rewards in: how far replies of the model it starts from lie apart.

A reward model says log odds. One of few rankings is modest: its rewards differ by hundredths, and any weight of the KL drowns
them; one of many rankings is not. Divided by what is usual before training, one weight fits both (Ziegler et al. 2019,
section 2.1, arXiv 1909.08593).
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
    """The unit, from REPLIES replies to each of the first PROMPTS prompts. Raises RoundRefused where rewards are not numbers or
    do not differ."""
    asked = [prompt for prompt in prompts[:PROMPTS] for _ in range(REPLIES)]
    rewards = score(list(zip(asked, draw(asked), strict=True)))
    if not all(map(math.isfinite, rewards)):
        raise RoundRefused("the reward model gives rewards that are not numbers: train it again")
    unit = deviation([rewards[begin : begin + REPLIES] for begin in range(0, len(rewards), REPLIES)])
    if unit < NOTHING:
        raise RoundRefused(
            "the reward model likes all replies alike, so nothing can be learned from it: rank more replies and train it again"
        )
    return unit


def deviation(rewards: Sequence[Sequence[float]]) -> float:
    """Standard deviation of the rewards of replies to the same prompt; what prompts differ by does not count. 0 where no prompt
    has two."""
    apart = [variance(each) for each in rewards if len(each) > 1]
    return math.sqrt(fmean(apart)) if apart else 0.0


def in_units(score: Score, unit: float) -> Score:
    """The same scores, counted in that unit."""
    return lambda items: [reward / unit for reward in score(items)]
