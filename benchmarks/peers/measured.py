"""Measuring what a contestant of `benchmarks/ppo.py` trained: reward and KL to the base on held-out prompts, by the same code
for each."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from alignment.gate.evaluation import mean_kl
from alignment.models.chat_template import Completion
from alignment.models.loading import load_adapter, load_base, load_tokenizer, scaled
from alignment.models.sampling import Draw, draw_loaded, end_ids
from benchmarks.peers.common_reward import CommonReward
from benchmarks.peers.job import Job
from benchmarks.peers.prompts import held_out_prompts

STEPS = 4
CLOSE = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """Means over replies to the held-out prompts, with the adapter's update times `scale`."""

    scale: float
    reward: float
    error: float
    """Standard error of the reward."""
    kl: float
    """Nats per reply."""
    length: float
    """Tokens, the end token included."""
    ended: float
    """Share of the replies that were not cut off."""


class Judge:
    """One adapter, ready to be measured at any scale."""

    def __init__(self, job: Job, adapter: Path, prompts: int, replies: int, seed: int) -> None:
        base = Path(job.base)
        self.job = job
        self.draw = Draw(job.reply_tokens, seed)
        self.tokenizer = load_tokenizer(base)
        self.ends = end_ids(base, self.tokenizer)
        self.model: Any = load_adapter(load_base(base), adapter)
        self.prompts = held_out_prompts(self.tokenizer, prompts) * replies
        self.reward = CommonReward.load(base, Path(job.reward), self.model)

    def at(self, scale: float) -> Measured:
        """Draws new replies. Scale 0 is the base."""
        with scaled(self.model, scale):
            replies = list(draw_loaded(self.model, self.prompts, self.tokenizer, self.ends, self.draw))
            rows = [
                Completion((*prompt, *reply), len(prompt))
                for prompt, reply in zip(self.prompts, replies, strict=True)
            ]
            kl = mean_kl(self.model, rows, self.tokenizer.pad_token_id)
        rewards = self.reward.score([row.ids for row in rows])
        return Measured(
            scale,
            fmean(rewards),
            stdev(rewards) / math.sqrt(len(rewards)),
            kl,
            fmean(len(reply) for reply in replies),
            fmean(reply[-1] in self.ends for reply in replies),
        )


def at_kl(measure: Callable[[float], Measured], found: Measured, wanted: float) -> Measured:
    """Scale an update down until its KL is within a tenth of `wanted`, or as near as a few steps come.

    KL rises about as the square of the scale. An update that is as near as that already stays as it is.
    """
    for _ in range(STEPS):
        if abs(found.kl - wanted) <= CLOSE * abs(wanted) or found.kl <= 0 or wanted <= 0:
            break
        found = measure(min(1.0, found.scale * math.sqrt(wanted / found.kl)))
    return found
