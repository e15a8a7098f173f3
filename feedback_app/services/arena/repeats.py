"""Repeated pairs: the owner's agreement with earlier rankings limits what any model of the owner can reach."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.domain.repeats import RankedPair, RepeatOutcome, choice_of, compare_choices
from feedback_app.services.shares import Share, share
from feedback_app.store import ComparisonNotFound, Store

RANKINGS_BETWEEN = 20
"""Comparisons ranked in between, so that no ranking is repeated from memory."""

PREFERRED = frozenset({"first", "other"})
"""The choices that prefer one reply."""


@dataclass(frozen=True, slots=True)
class SelfAgreement:
    """`same` out of those that were judged apart both times; `ties` were a tie at least once."""

    same: Share
    ties: int


def swapped(original: Comparison) -> Comparison:
    """The same pair to judge anew, its sides changed. Candidate ids say nothing, so they are given anew too."""
    candidates = tuple(
        replace(candidate, id=f"c{i}", position=i)
        for i, candidate in enumerate(reversed(original.candidates), start=1)
    )
    return Comparison(
        messages=original.messages,
        candidates=candidates,
        status=ComparisonStatus.open,
        source=original.source,
        persona=original.persona,
        tags=original.tags,
        repeat_of=original.id,
    )


def compare_rankings(original: Comparison, repeat: Comparison) -> RepeatOutcome | None:
    """How the second ranking compares with the first; None where either is missing."""
    first, second = choice_of(original), choice_of(repeat)
    return None if first is None or second is None else compare_choices(first, second)


def self_agreement(pairs: Iterable[RankedPair]) -> SelfAgreement:
    """Agreement over pairs that were ranked twice."""
    numbers = Counter((pair.outcome, {pair.first, pair.second} <= PREFERRED) for pair in pairs)
    same, reversed_ = numbers["same", True], numbers["reversed", True]
    return SelfAgreement(share(same, same + reversed_), numbers["same", False] + numbers["tie", False])


class Repeats:
    """Brings pairs back, a `rate` of the draws; `desks` are told of them as of all others."""

    def __init__(self, store: Store, rate: float, desks: Sequence[str], chance: random.Random) -> None:
        self._store = store
        self._rate = rate
        self._desks = desks
        self._chance = chance

    def maybe(self, suits: Callable[[str, Sequence[str]], bool]) -> Comparison | None:
        """Now and then a pair judged long ago, stored to be judged again; None if none is due. `suits` says by prompt key and
        tags which may come back."""
        if self._chance.random() >= self._rate:
            return None
        listed = self._store.repeats.candidates(RANKINGS_BETWEEN)
        suitable = [name for name, key, tags in listed if suits(key, tags)]
        if not suitable:
            return None
        original = self._store.comparisons.get(self._chance.choice(suitable))
        if original.damaged:
            return None
        repeat = swapped(original)
        self._store.comparisons.add_all([repeat], self._desks)
        return repeat

    def repeat_outcome(self, comparison: Comparison) -> RepeatOutcome | None:
        """How a repeat was judged compared with the first time; None for any other comparison."""
        if comparison.repeat_of is None:
            return None
        try:
            return compare_rankings(self._store.comparisons.get(comparison.repeat_of), comparison)
        except ComparisonNotFound:
            return None

    def agreement(self) -> SelfAgreement:
        return self_agreement(self._store.repeats.ranked_pairs())
