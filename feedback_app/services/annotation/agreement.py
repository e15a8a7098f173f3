"""Whether annotators agree: Krippendorff's alpha over pairs of replies.

Each pair of candidates that two or more annotators ranked is a unit; what they said of it (the first, the second, or a
tie) is nominal. Krippendorff (2018), "Content Analysis", chapter 12: 1 is full agreement, 0 what chance would give.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations, product

from feedback_app.domain.comparison import Comparison, Ranking
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


def agreement(comparisons: Iterable[Comparison]) -> Agreement:
    """Alpha over all comparisons that two or more annotators ranked; `all bad` says nothing about a pair."""
    rankings, shared = Counter[str](), 0
    units: list[dict[str, float]] = []
    for comparison in comparisons:
        all_rankings = [r for r in (comparison.ranking, *comparison.others) if r is not None]
        rankings.update(ranking.annotator for ranking in all_rankings)
        opinions_by_annotator = {
            ranking.annotator: opinions(ranking) for ranking in all_rankings if not ranking.all_bad
        }
        if len(opinions_by_annotator) < 2:
            continue
        shared += 1
        ids = sorted(candidate.id for candidate in comparison.candidates)
        units += [
            {name: seen[pair] for name, seen in opinions_by_annotator.items()}
            for pair in combinations(ids, 2)
        ]
    return Agreement(_alpha(units), shared, len(units), dict(rankings.most_common()))


def opinions(ranking: Ranking) -> dict[tuple[str, str], float]:
    """What a ranking says of each pair of its candidates, ids in order."""
    place = {name: i for i, group in enumerate(ranking.groups) for name in group}
    pairs = combinations(sorted(place), 2)
    return {
        (a, b): FIRST if place[a] < place[b] else SECOND if place[a] > place[b] else TIE for a, b in pairs
    }


def _alpha(units: list[dict[str, float]]) -> float | None:
    if len(units) < ENOUGH:
        return None
    if len({value for unit in units for value in unit.values()}) < 2:
        return 1.0  # everybody always said the same: alpha would divide by zero
    together = coincidences(unit.values() for unit in units)
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
    def __init__(self, store: Store) -> None:
        self._store = store

    def now(self) -> Agreement:
        return agreement(self._store.comparisons.with_rankings())
