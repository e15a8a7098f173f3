"""Pairs from fresh replies that a reward model scored. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from alignment.contract.snapshot import Messages, Pair


@dataclass(frozen=True, slots=True)
class Scored:
    """A reply as it was drawn: its reward in log odds, its length in tokens, and whether it came to its end."""

    text: str
    reward: float
    tokens: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """A prompt with the replies that were drawn to it."""

    prompt: Messages
    replies: tuple[Scored, ...]


def fresh_pairs(answered: Sequence[Answered], margin: float) -> list[Pair]:
    """A pair for each prompt that has one."""
    return [pair for item in answered if (pair := fresh_pair(item, margin))]


def fresh_pair(answered: Answered, margin: float) -> Pair | None:
    """The best reply against the worst (as Dong et al. 2024, arXiv 2405.07863); None where they are the same or less than `margin` apart.

    Replies that were cut or are empty take no part: a fragment's reward says little, and to count it as lost would
    teach brevity before taste (docs/decisions/0019-online.md).
    """
    whole = [reply for reply in answered.replies if reply.ended and reply.text.strip()]
    if not whole:
        return None
    best, worst = max(whole, key=_reward), min(whole, key=_reward)
    if best.text.strip() == worst.text.strip() or not _apart(best, worst, margin):
        return None
    return Pair(answered.prompt, best.text, worst.text)


def asked(prompts: Sequence[Messages], repeat: int, count: int) -> list[Messages]:
    """The prompts of one repetition (from 1): each once before any comes again, none twice in one."""
    count = min(count, len(prompts))
    begin = (repeat - 1) * count
    return [prompts[place % len(prompts)] for place in range(begin, begin + count)]


def told(answered: Sequence[Answered], pairs: Sequence[Pair]) -> dict[str, float]:
    """What is told about a drawing: the share of prompts that gave a pair, and of all replies mean reward, mean length
    in tokens and the share that came to an end."""
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
