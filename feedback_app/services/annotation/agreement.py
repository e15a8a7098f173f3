"""Whether annotators agree: Krippendorff's alpha over pairs of replies.

Each pair of candidates that two or more annotators ranked is a unit; what they said of it (the first, the second, or a
tie) is nominal. Krippendorff (2018), "Content Analysis", chapter 12: 1 is full agreement, 0 what chance would give.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, product

from feedback_app.domain.comparison import Ranking
from feedback_app.store import Store

FIRST, TIE, SECOND = 1.0, 0.0, -1.0
ENOUGH = 2
"""Units below which alpha says nothing."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """`alpha` is None where too few pairs were ranked by two. `rankings` counts those of each annotator."""

    alpha: float | None
    comparisons: int
    pairs: int
    rankings: dict[str, int] = field(default_factory=dict)


def agreement(shared: Iterable[Sequence[Ranking]], rankings: Mapping[str, int]) -> Agreement:
    """Alpha over the rankings of each comparison that two or more annotators ranked; `all bad` says nothing about a pair.
    `rankings` counts the rankings of each annotator."""
    comparisons, units = 0, Counter[tuple[float, ...]]()
    for given in shared:
        seen = [opinions(ranking) for ranking in given if not ranking.all_bad]
        if len(seen) < 2:
            continue
        comparisons += 1
        units.update(tuple(sorted(each[pair] for each in seen)) for pair in seen[0])
    return Agreement(_alpha(units), comparisons, units.total(), dict(Counter(rankings).most_common()))


def opinions(ranking: Ranking) -> dict[tuple[str, str], float]:
    """What a ranking says of each pair of its candidates, ids in order."""
    place = {name: i for i, group in enumerate(ranking.groups) for name in group}
    pairs = combinations(sorted(place), 2)
    return {
        (a, b): FIRST if place[a] < place[b] else SECOND if place[a] > place[b] else TIE for a, b in pairs
    }


def _alpha(units: Counter[tuple[float, ...]]) -> float | None:
    """`units` counts the pairs of which the same was said."""
    if units.total() < ENOUGH:
        return None
    if len({value for unit in units for value in unit}) < 2:
        return 1.0  # everybody always said the same: alpha would divide by zero
    together = coincidences(units.elements())
    totals: dict[float, float] = {}
    for (value, _), weight in together.items():
        totals[value] = totals.get(value, 0.0) + weight
    n = sum(totals.values())
    observed = sum(weight for (one, other), weight in together.items() if one != other)
    expected = sum(totals[one] * totals[other] for one, other in product(totals, repeat=2) if one != other)
    return 1 - (n - 1) * observed / expected


def coincidences(units: Iterable[Iterable[float]]) -> dict[tuple[float, float], float]:
    """How often two values were given to the same unit: the matrix that alpha is computed from. Each unit has at least two
    values and weighs as many as it has, so that one that many annotators judged counts for more."""
    together: dict[tuple[float, float], float] = {}
    for values in units:
        counts = Counter(values)
        others = counts.total() - 1
        for one, other in product(counts, repeat=2):
            pairs = counts[one] * (counts[other] - (one == other))
            together[one, other] = together.get((one, other), 0.0) + pairs / others
    return together


class Agreements:
    """Keeps the last answer until a ranking changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: tuple[int, Agreement] | None = None

    def now(self) -> Agreement:
        changes = self._store.outcomes.fingerprint()
        if self._known is None or self._known[0] != changes:
            outcomes = self._store.outcomes
            self._known = changes, agreement(outcomes.shared(), outcomes.by_annotator())
        return self._known[1]
