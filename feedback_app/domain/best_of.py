"""Best of n: of several replies to one prompt, the one with the highest reward (Stiennon et al. 2020). Pure."""

import math
from collections.abc import Sequence

MOST = 8
"""Replies that are written for one answer, at the most."""


def distinct(replies: Sequence[str]) -> tuple[str, ...]:
    """What there is to choose from: every text once, without the space around it and without empty ones."""
    return tuple(dict.fromkeys(text for reply in replies if (text := reply.strip())))


def choose(rewards: Sequence[float]) -> int:
    """The index of the highest reward; the first of equal ones. What is not a number is below all that is."""
    known = [-math.inf if math.isnan(reward) else reward for reward in rewards]
    return known.index(max(known))


def place(replies: Sequence[str], text: str) -> int:
    """The index of the first reply that says `text`. Raises ValueError where none does."""
    return [reply.strip() for reply in replies].index(text)
