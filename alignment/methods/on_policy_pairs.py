"""On-policy pairs: the best and the worst of several sampled replies, by a reward model. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from alignment.contract.snapshot import Messages, Pair


@dataclass(frozen=True, slots=True)
class Scored:
    """A sampled reply: its reward in log odds, its length in tokens, and whether it ended before the limit."""

    text: str
    reward: float
    tokens: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """A prompt with its sampled replies."""

    prompt: Messages
    replies: tuple[Scored, ...]


def fresh_pairs(answered: Sequence[Answered], margin: float) -> list[Pair]:
    """The pairs; not every prompt gives one."""
    return [pair for item in answered if (pair := fresh_pair(item, margin))]


def fresh_pair(answered: Answered, margin: float) -> Pair | None:
    """The best reply against the worst (as Dong et al. 2024, arXiv 2405.07863); None where they are
    equal or their rewards differ by less than `margin`.

    Replies that were cut or are empty are ignored. The reward of a fragment means little, and counting it as the worse reply would teach
    the model to be brief (docs/decisions/0019-online.md).
    """
    whole = [reply for reply in answered.replies if reply.ended and reply.text.strip()]
    if not whole:
        return None
    best, worst = max(whole, key=_reward), min(whole, key=_reward)
    if best.text.strip() == worst.text.strip() or not _apart(best, worst, margin):
        return None
    return Pair(answered.prompt, best.text, worst.text)


def prompts_of_repeat(prompts: Sequence[Messages], repeat: int, count: int) -> list[Messages]:
    """The prompts of one repetition (counted from 1). Each prompt is used once before any is used again."""
    count = min(count, len(prompts))
    begin = (repeat - 1) * count
    return [prompts[place % len(prompts)] for place in range(begin, begin + count)]


def measurements(answered: Sequence[Answered], pairs: Sequence[Pair]) -> dict[str, float]:
    """Measurements of the fresh replies: the share of prompts that gave a pair, and over all replies the mean reward, the mean length in
    tokens and the share that ended before the limit."""
    replies = [reply for item in answered for reply in item.replies]
    return {
        "drawn/kept": len(pairs) / len(answered),
        "drawn/reward": fmean(map(_reward, replies)),
        "drawn/length": fmean(reply.tokens for reply in replies),
        "drawn/ended": fmean(reply.ended for reply in replies),
    }


def _apart(best: Scored, worst: Scored, margin: float) -> bool:
    return best.reward > worst.reward and best.reward - worst.reward >= margin


def _reward(reply: Scored) -> float:
    return reply.reward
