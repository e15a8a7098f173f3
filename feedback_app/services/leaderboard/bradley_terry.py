"""Bradley-Terry by penalised maximum likelihood, with covariates and a bootstrap, on counts instead of pairs.

Model (Bradley and Terry 1952; covariates as in Agresti 2013, section 11.6):

    log odds that i beats j = s_i - s_j + covariates . effects

A tie is half a win for both. Strengths and effects have normal priors of mean 0, so that a model that only won stays finite.

Pairs that agree in models, side, binned length and outcome are one count, and comparisons that agree in all their pairs
are drawn together: a bootstrap is then one Poisson draw for each kind of comparison (each draw gives every comparison a
weight from Poisson(1); Hanley and MacGibbon 2006), and all draws are fitted at once by Newton's method.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

STRENGTH_SD = 2.0
"""Of the prior of a strength, in log odds: two models differ by less than 5.5 (a thousand Elo) with 95 %."""
EFFECT_SD = 1.0
"""Of the prior of an effect: a doubling of the length, or the side, changes the log odds by less than 2 with 95 %."""
STEPS, NEAR, LONGEST = 50, 1e-3, 3.0
"""Newton's method: at most so many steps, until the longest is this short (the error is then its square), none longer than this."""
POISSON = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(9)])
QUANTILES = np.searchsorted(POISSON, (np.arange(2**16) + 0.5) / 2**16).astype(float)
"""Of the Poisson distribution with mean 1."""
BLOCK = 50
"""Draws fitted at once: their arrays stay in the cache."""


@dataclass(frozen=True, slots=True)
class Design:
    """`pairs` (pairs, 2): model numbers. `covariates` (cells, effects). Cells are sorted by pair; `pair` (cells,) numbers it."""

    models: int
    pairs: Integers
    pair: Integers
    covariates: Floats

    @property
    def starts(self) -> Integers:
        """The first cell of each pair."""
        return np.searchsorted(self.pair, np.arange(len(self.pairs)))

    @property
    def prior_sd(self) -> Floats:
        """Of all parameters: strengths, then effects."""
        return np.repeat([STRENGTH_SD, EFFECT_SD], [self.models, self.covariates.shape[1]])

    def by_pair(self, cells: Floats) -> Floats:
        """Sums over the cells of each pair, shape (pairs, draws)."""
        return np.add.reduceat(cells, self.starts, axis=0)

    def without_covariates(self) -> "Design":
        """One cell for each pair; its weights and points are `by_pair`."""
        number = len(self.pairs)
        return Design(self.models, self.pairs, np.arange(number), np.zeros((number, 0)))


@dataclass(frozen=True, slots=True)
class Table:
    """`weight` and `points` (cells, kinds): what one comparison of a kind adds to each cell, the points being those of the
    pair's first model. `counts` (kinds,): how many comparisons of that kind there are."""

    design: Design
    weight: "csr_array"
    points: "csr_array"
    counts: Integers

    def observed(self) -> tuple[Floats, Floats]:
        """Weights and points as they are, shape (cells, 1)."""
        once = self.counts[:, None].astype(float)
        return self.weight @ once, self.points @ once

    def draws(self, number: int, chance: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
        """Weights and points of bootstrap draws, (cells, draws), in blocks."""
        for begin in range(0, number, BLOCK):
            drawn = _drawn(self.counts, min(BLOCK, number - begin), chance)
            yield self.weight @ drawn, self.points @ drawn


def expit(odds: Floats) -> Floats:
    """The probability of these log odds. In this form no value overflows."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * odds), np.float64)


def _drawn(counts: Integers, number: int, chance: np.random.Generator) -> Floats:
    """Poisson numbers (kinds, number) with these means. Most means are 1 where rankings are of three or more: those come
    from a table of quantiles, ten times as fast."""
    drawn, once = np.empty((len(counts), number)), counts == 1
    drawn[once] = QUANTILES[chance.integers(0, len(QUANTILES), (once.sum(), number), dtype=np.uint16)]
    drawn[~once] = chance.poisson(counts[~once, None], ((~once).sum(), number))
    return drawn


def fit(design: Design, weight: Floats, points: Floats, centre: Floats, start: Floats) -> Floats:
    """Parameters of each draw, (models + effects, draws), where the penalised likelihood is highest.

    `weight` and `points` (cells, draws); `centre` of the prior and `start` (models + effects, draws or 1).
    """
    first, second = design.pairs.T
    precision: Floats = design.prior_sd[:, None] ** -2
    theta = np.array(np.broadcast_to(start, (len(precision), weight.shape[1])))
    for _ in range(STEPS):
        strengths, effects = theta[: design.models], theta[design.models :]
        odds = (strengths[first] - strengths[second])[design.pair] + design.covariates @ effects
        won = expit(odds)
        expected = weight * won
        slack = _of_parameters(design, points - expected) - precision * (theta - centre)
        step = _solved(_information(design, expected * (1 - won)), precision, slack)
        theta += np.clip(step, -LONGEST, LONGEST)
        if np.abs(step).max() < NEAR:
            break
    return theta


def _of_parameters(design: Design, cells: Floats) -> Floats:
    """The design's transpose on values of the cells: (models + effects, draws)."""
    return np.concatenate([_signed(design).T @ design.by_pair(cells), design.covariates.T @ cells])


def _signed(design: Design) -> Floats:
    """(pairs, models): 1 for the first of a pair, -1 for the second."""
    signs = np.zeros((len(design.pairs), design.models))
    rows = np.arange(len(signs))
    signs[rows, design.pairs[:, 0]], signs[rows, design.pairs[:, 1]] = 1, -1
    return signs


def _information(design: Design, variance: Floats) -> Floats:
    """Fisher information without the prior, (draws, parameters, parameters), of the cells' variances."""
    models, effects = design.models, design.covariates.shape[1]
    information = np.zeros((variance.shape[1], models + effects, models + effects))
    first, second = design.pairs.T
    between = design.by_pair(variance).T
    information[:, first, second] = information[:, second, first] = -between
    strengths = np.arange(models)
    information[:, strengths, strengths] = -information[:, :models, :models].sum(axis=2)
    for number, column in enumerate(design.covariates.T):
        row = _of_parameters(design, variance * column[:, None]).T
        information[:, models + number] = information[:, :, models + number] = row
    return information


def _solved(information: Floats, precision: Floats, slack: Floats) -> Floats:
    """Newton's step, (parameters, draws)."""
    prior = np.diag(precision[:, 0])
    step = np.linalg.solve(information + prior, slack.T[:, :, None])
    return np.asarray(step[:, :, 0].T, np.float64)


@dataclass(frozen=True, slots=True)
class Fitted:
    """`point` (parameters,) and `draws` (parameters, draws): strengths of all models, then effects, in log odds."""

    point: Floats
    draws: Floats


def fitted(table: Table, draws: int, seed: int = 0) -> tuple[Fitted, Fitted]:
    """Without and with the covariates, on the same bootstrap draws.

    Each draw also draws the priors' centres: where there are few votes, or votes of one kind only, resampling them alone
    would look sure of what nobody knows (randomised maximum a posteriori; Bardsley et al. 2014).
    """
    chance = np.random.default_rng(seed)
    whole, plain = table.design, table.design.without_covariates()
    weight, points = table.observed()
    point = (
        _fit_once(plain, whole.by_pair(weight), whole.by_pair(points)),
        _fit_once(whole, weight, points),
    )
    drawn: tuple[list[Floats], list[Floats]] = ([], [])
    for weight, points in table.draws(draws, chance):
        sd = whole.prior_sd[:, None]
        centre = sd * chance.normal(size=(len(sd), weight.shape[1]))
        sums = whole.by_pair(weight), whole.by_pair(points)
        drawn[0].append(fit(plain, *sums, centre[: plain.models], point[0]))
        drawn[1].append(fit(whole, weight, points, centre, point[1]))
    return Fitted(point[0][:, 0], np.hstack(drawn[0])), Fitted(point[1][:, 0], np.hstack(drawn[1]))


def _fit_once(design: Design, weight: Floats, points: Floats) -> Floats:
    zero = np.zeros((len(design.prior_sd), 1))
    return fit(design, weight, points, zero, zero)
