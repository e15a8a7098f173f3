"""Trains the live reward model on each ranking, and records a guess before each. Used by one thread only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Message
from feedback_app.domain.guess import Guess, marked
from feedback_app.store import Store

NEWEST = 2_000
"""Rankings that the model learns from at most. It describes replies by some hundred numbers, which fewer would do to fit."""
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


@dataclass(frozen=True, slots=True)
class Known:
    """A comparison, None where it was deleted, and the guess at it."""

    key: str
    comparison: Comparison | None
    guess: Guess | None


class Learner:
    """Keeps a model at what the store says of the newest rankings. A comparison whose replies are all bad teaches nothing."""

    def __init__(self, store: Store, model: LiveReward, newest: int = NEWEST) -> None:
        self._store = store
        self.model = model
        self._newest = newest
        self._learned: dict[str, Groups] = {}
        self._seen: int | None = None

    def behind(self) -> list[str]:
        """The comparisons whose ranking is not what was learned: those to forget, then the others, oldest first. Rankings that
        are no longer among the newest are forgotten here."""
        now = self._store.outcomes.fingerprint()
        if now == self._seen:
            return []
        groups = self._store.outcomes.newest_groups(self._newest)
        self._seen = now
        gone = [key for key in self._learned if key not in groups]
        old = self._store.outcomes.ranked(gone)
        for key in old:
            self._forget(key)
        changed = [key for key, ranked in groups.items() if self._learned.get(key) != ranked]
        return [key for key in gone if key not in old] + changed

    def read(self, comparison_ids: Sequence[str]) -> list[Known]:
        """What `settle` needs to know of these comparisons, read at once."""
        comparisons = self._store.comparisons.of(comparison_ids)
        guesses = self._store.guesses.of(comparison_ids)
        return [Known(key, comparisons.get(key), guesses.get(key)) for key in comparison_ids]

    def settle(self, known: Known) -> None:
        """Learn or forget what the store says of one comparison, and hold its guess against it.

        What the model fails on is not tried again before its ranking changes.
        """
        key, comparison = known.key, known.comparison
        before, now = self._learned.get(key), _groups(comparison)
        if comparison is not None and known.guess is not None:
            self._mark(known.guess, comparison)
        if before == now:
            return
        if now is None:
            self._forget(key)
            return
        self._learned[key] = now
        if comparison is not None and now:
            self.model.learn(key, prompt_of(comparison), texts_of(comparison), places_of(comparison))
        elif before:
            self.model.forget(key)

    def _forget(self, key: str) -> None:
        if self._learned.pop(key):
            self.model.forget(key)

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

    def _mark(self, guess: Guess, comparison: Comparison) -> None:
        if (held := marked(guess, comparison)) != guess:
            self._store.guesses.mark(held)


def _groups(comparison: Comparison | None) -> Groups | None:
    """As `RankingOutcomes.newest_groups` gives it; None without a ranking."""
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
