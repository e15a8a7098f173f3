"""Trains the live reward model on each ranking, and records a guess before each. Used by one thread only."""

from collections.abc import Sequence
from typing import Any, Protocol

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Message
from feedback_app.domain.guess import Guess, marked
from feedback_app.store import ComparisonNotFound, Store

NEXT = 4
"""Comparisons of the page that are guessed at again after each ranking: those it will show next."""

Messages = tuple[dict[str, str], ...]
Groups = tuple[tuple[str, ...], ...]


class LiveReward(Protocol):
    """A reward model that learns from one ranking at a time. A prompt is a conversation that ends with the user's turn."""

    def chances(self, prompt: Messages, replies: Sequence[str]) -> tuple[float, ...] | None:
        """The chance that each reply is the best; they sum to 1. None while nothing was learned."""
        ...

    def learn(self, key: str, prompt: Messages, replies: Sequence[str], places: Sequence[int]) -> None:
        """The ranking of comparison `key`, in place of an earlier one; the best replies have place 0."""
        ...

    def forget(self, key: str) -> None: ...

    def informative_pair(
        self, prompt: Messages, replies: Sequence[str], allowed: Sequence[tuple[int, int]]
    ) -> tuple[int, int]:
        """Of the allowed pairs of indices the one whose ranking teaches most."""
        ...

    @property
    def votes(self) -> int:
        """How many rankings it has learned from."""
        ...


class Learner:
    """Keeps a model at what the store says. A comparison whose replies are all bad teaches nothing."""

    def __init__(self, store: Store, model: LiveReward) -> None:
        self._store = store
        self.model = model
        self._learned: dict[str, Groups] = {}

    def behind(self) -> list[str]:
        """The comparisons whose ranking is not what was learned: those to forget, then the others, oldest first."""
        rankings = self._store.comparisons.ranked_groups()
        gone = [key for key in self._learned if key not in rankings]
        return gone + [key for key, groups in rankings.items() if self._learned.get(key) != groups]

    def settle(self, comparison_id: str) -> None:
        """Learn or forget what the store says of one comparison, and hold its guess against it.

        What the model fails on is not tried again before its ranking changes.
        """
        comparison = self._find(comparison_id)
        before, now = self._learned.get(comparison_id), _groups(comparison)
        if comparison is not None:
            self._mark(comparison)
        if before == now:
            return
        if now is None:
            del self._learned[comparison_id]
        else:
            self._learned[comparison_id] = now
        if comparison is not None and now:
            self.model.learn(
                comparison_id, prompt_of(comparison), texts_of(comparison), places_of(comparison)
            )
        elif before:
            self.model.forget(comparison_id)

    def guess(self, comparison: Comparison) -> None:
        """Store what the model expects; the store refuses it once there is a ranking."""
        prompt, replies = prompt_of(comparison), texts_of(comparison)
        chances = self.model.chances(prompt, replies)
        if chances is not None:
            self._store.guesses.put(Guess(comparison.id, tuple(chances), self.model.votes))

    def guess_next(self) -> None:
        """Guess again, with all that was learned meanwhile, at what waits on the arena page."""
        for waiting in self._store.comparisons.waiting("arena", NEXT):
            if waiting.status == ComparisonStatus.open:
                self.guess(waiting)

    def _mark(self, comparison: Comparison) -> None:
        guess = self._store.guesses.get(comparison.id)
        if guess is not None and (held := marked(guess, comparison)) != guess:
            self._store.guesses.mark(held)

    def _find(self, comparison_id: str) -> Comparison | None:
        try:
            return self._store.comparisons.get(comparison_id)
        except ComparisonNotFound:
            return None


def _groups(comparison: Comparison | None) -> Groups | None:
    """The groups of its ranking, as `Comparisons.ranked_groups` returns them; None without a ranking."""
    if comparison is None or comparison.ranking is None:
        return None
    return () if comparison.ranking.all_bad else comparison.ranking.groups


def turns_of(messages: Sequence[Message]) -> Messages:
    return tuple({"role": message.role, "content": message.content} for message in messages)


def prompt_of(comparison: Comparison) -> Messages:
    return turns_of(comparison.messages)


def texts_of(comparison: Comparison) -> tuple[str, ...]:
    return tuple(candidate.text for candidate in comparison.candidates)


def places_of(comparison: Comparison) -> tuple[int, ...]:
    """The place of each candidate, 0 the best. Raises KeyError where the ranking leaves one out."""
    groups: Any = comparison.ranking.groups if comparison.ranking else ()
    place = {name: i for i, group in enumerate(groups) for name in group}
    return tuple(place[candidate.id] for candidate in comparison.candidates)
