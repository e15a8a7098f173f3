"""Which of several replies is answered, and by what it was chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from feedback_app.domain.best_of import choose, distinct, place
from feedback_app.domain.comparison import Message
from feedback_app.errors import FAILED, Invalid


class NothingToChooseBy(Invalid, RuntimeError):
    """No scorer knows anything yet; the message says what to do."""

    exit_code = FAILED


class Scorer(Protocol):
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

    scorers: Sequence[Scorer]

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
