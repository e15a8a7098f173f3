"""From ranking outcomes to the design matrix and the counts that Bradley-Terry is fitted on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from feedback_app.domain.pairwise_outcomes import STEPS_PER_DOUBLING, RankingOutcome
from feedback_app.services.leaderboard.bradley_terry import Design, Floats, Integers, Table

MOST_STEPS = 3 * STEPS_PER_DOUBLING
"""A reply more than eight times as long counts as eight times: beyond, length hardly means style."""

CountedOutcomes = tuple[tuple[RankingOutcome, ...], int]
"""What is said of one comparison, by one or several annotators, and how many comparisons it is said of."""


@dataclass(frozen=True, slots=True)
class DesignMatrix:
    """Pairs as arrays (pairs,), turned so that `first` < `second`, which number `models`: pairs of replies of different models.

    `points` are the first's: 1, 0, or 0.5 for a tie. `side` is 1 if it stood left, else -1. `steps`: by how many quarters of a
    doubling it was longer, cut off. `weight`: 2 / n in a ranking of n, so that a ranking weighs n - 1, the number of choices in
    it. `kind` numbers what they are part of; there are `counts` (kinds,) comparisons of each.
    """

    models: tuple[str, ...]
    first: Integers
    second: Integers
    points: Floats
    side: Integers
    steps: Integers
    weight: Floats
    kind: Integers
    counts: Integers

    @property
    def pairs(self) -> int:
        return int(self.counts[self.kind].sum())

    def matrix(self) -> tuple[Floats, Integers]:
        """(models, models): points of the row's model against the column's, and votes between them; a tie is half a point."""
        size, times = len(self.models), self.counts[self.kind]
        points, votes = np.zeros((size, size)), np.zeros((size, size), np.int64)
        np.add.at(points, (self.first, self.second), times * self.points)
        np.add.at(points, (self.second, self.first), times * (1 - self.points))
        np.add.at(votes, (self.first, self.second), times)
        return points, votes + votes.T

    def shares(self) -> dict[str, float]:
        """The share of its pairs that each model won; a tie is half a win."""
        points, votes = self.matrix()
        return dict(zip(self.models, map(float, points.sum(axis=1) / votes.sum(axis=1)), strict=True))


def design_matrix(kinds: Sequence[CountedOutcomes]) -> DesignMatrix:
    """The design of these outcomes. At least one pair has replies of two models."""
    models = sorted({model for outcomes, _ in kinds for one in outcomes for model in one.models})
    number = {model: i for i, model in enumerate(models)}
    counts = np.array([count for _, count in kinds])
    columns = [np.concatenate(column) for column in zip(*_blocks(kinds, number), strict=True)]
    first, second, points, side, steps, weight, kind = columns
    return DesignMatrix(tuple(models), first, second, points, side, steps, weight, kind, counts)


def _blocks(
    kinds: Sequence[CountedOutcomes], number: Mapping[str, int]
) -> Iterator[tuple[Integers | Floats, ...]]:
    """The columns of the pairs, for each size of ranking and each two places in it."""
    sizes = defaultdict[int, list[tuple[int, RankingOutcome]]](list)
    for i, (outcomes, _) in enumerate(kinds):
        for one in outcomes:
            sizes[len(one.models)].append((i, one))
    for size, numbered in sizes.items():
        kind = np.array([i for i, _ in numbered])
        model = np.array([[number[name] for name in one.models] for _, one in numbered])
        longer = np.array([one.longer for _, one in numbered])
        place = np.array([one.places for _, one in numbered])
        for left, right in combinations(range(size), 2):
            met = model[:, left] != model[:, right]
            a, b = model[met, left], model[met, right]
            steps = longer[met, left] - longer[met, right]
            points = (1 + np.sign(place[met, right] - place[met, left])) / 2
            yield (*_turned(a, b, points, steps), np.full(len(a), 2 / size), kind[met])


def _turned(a: Integers, b: Integers, points: Floats, steps: Integers) -> tuple[Integers | Floats, ...]:
    """The model of the lower number first: the first, the second, the first's points, its side, its greater length."""
    sign = np.where(a > b, -1, 1)
    return (
        np.minimum(a, b),
        np.maximum(a, b),
        np.where(sign > 0, points, 1 - points),
        sign,
        np.clip(sign * steps, -MOST_STEPS, MOST_STEPS),
    )


def contingency_table(design: DesignMatrix) -> Table:
    """The counts. A cell is a pair of models, a side and a length; covariates: doublings and side."""
    from scipy.sparse import csr_array  # here: the service starts without scipy

    width, size = 2 * MOST_STEPS + 1, len(design.models)
    code = ((design.first * size + design.second) * 2 + (design.side > 0)) * width + design.steps + MOST_STEPS
    codes, cell = np.unique(code, return_inverse=True)
    pair_codes, pair = np.unique(codes // (2 * width), return_inverse=True)
    doublings = (codes % width - MOST_STEPS) / STEPS_PER_DOUBLING
    side = np.where(codes // width % 2, 1.0, -1.0)
    pairs = np.stack([pair_codes // size, pair_codes % size], axis=1)
    place, shape = (cell, design.kind), (len(codes), len(design.counts))
    return Table(
        Design(size, pairs, pair, np.stack([doublings, side], axis=1)),
        csr_array((design.weight, place), shape),
        csr_array((design.weight * design.points, place), shape),
        design.counts,
    )
