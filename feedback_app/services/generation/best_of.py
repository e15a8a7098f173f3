"""Best-of-n sampling: of several replies to one prompt, the one with the highest reward (Stiennon et al. 2020)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from feedback_app.domain.comparison import Message
from feedback_app.errors import FAILED, Invalid

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


class NothingToChooseBy(Invalid, RuntimeError):
    """No scorer knows anything yet; the message says what to do."""

    exit_code = FAILED


class ReplyScorer(Protocol):
    """Says which of several replies to one prompt the owner would prefer."""

    @property
    def name(self) -> str:
        """What it is called where somebody is told what chose."""
        ...

    def score(self, messages: Sequence[Message], replies: Sequence[str]) -> list[float] | None:
        """A reward for each reply, comparable within this call; None where nothing is known yet.

        Without replies it only tells whether anything is known, and at no cost: an empty list, or None.
        """
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """Reply `index` of `of`; `by` names the scorer, empty where there was nothing to choose."""

    index: int
    of: int
    by: str = ""


@dataclass(frozen=True, slots=True)
class BestOf:
    """The scorers are asked in order; the first that knows anything chooses."""

    scorers: Sequence[ReplyScorer]

    def check(self) -> None:
        """Before replies are written for nothing. Raises NothingToChooseBy."""
        if all(scorer.score((), ()) is None for scorer in self.scorers):
            raise _nothing()

    def choose(self, messages: Sequence[Message], replies: Sequence[str]) -> Choice:
        """The reply to answer. Identical replies are scored once, empty ones never. Raises NothingToChooseBy."""
        texts = distinct(replies)
        if len(replies) < 2 or not texts:
            return Choice(0, len(replies))
        for scorer in self.scorers:
            if (rewards := scorer.score(messages, texts)) is not None:
                return Choice(place(replies, texts[choose(rewards)]), len(replies), scorer.name)
        raise _nothing()


def _nothing() -> NothingToChooseBy:
    return NothingToChooseBy(
        "there is nothing to choose the best reply by yet: rank replies in the arena, "
        "or train a reward model: codelynn reward train"
    )
