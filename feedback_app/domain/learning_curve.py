"""When the next round is worth it, from how often the live reward model guessed the owner's rankings. Pure.

Each guess was made before its ranking, so the share that was right is an honest ("prequential", Dawid 1984) measure of what the
rankings so far teach. Whether it grows is a logistic regression of "right" on the logarithm of the number of the guess.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from alignment.contract.statistics import wilson_interval

FEWEST = 20
"""Clear guesses below which nothing is said."""
GAIN = 0.02
"""How much more often the guesses must be expected to be right than at the last round."""
SURE = 1.96
FARTHEST = 10_000
STEPS, NEAR = 25, 1e-9


@dataclass(frozen=True, slots=True)
class Curve:
    """P(guess n is right) = sigmoid(`level` + `slope` ln n); `error` is the standard error of the slope."""

    level: float
    slope: float
    error: float

    @property
    def rises(self) -> bool:
        """Whether the rise is more than chance, at 95 %."""
        return self.slope - SURE * self.error > 0

    def at(self, n: int) -> float:
        return _sigmoid(self.level + self.slope * math.log(max(n, 1)))


def fitted(right: Sequence[bool]) -> Curve | None:
    """Maximum likelihood by Newton's method; None where it has no finite answer (all right, or all wrong)."""
    import numpy as np  # imported here: most of what imports this module never fits

    hits, x = np.array(right, dtype=float), np.log(np.arange(1, len(right) + 1))
    level = slope = 0.0
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(level + slope * x, -30, 30)))
        weight, miss = p * (1 - p), hits - p
        total, first, second = float(weight.sum()), float(weight @ x), float(weight @ (x * x))
        residual, residual_log = float(miss.sum()), float(miss @ x)
        det = total * second - first * first
        if det < 1e-9:
            return None
        higher = (second * residual - first * residual_log) / det
        steeper = (total * residual_log - first * residual) / det
        level, slope = level + higher, slope + steeper
        if abs(higher) + abs(steeper) < NEAR:  # every ranking waits for this
            break
    return Curve(level, slope, math.sqrt(total / det))


def first_round(right: Sequence[bool]) -> int | None:
    """Rankings until the guesses are better than chance with 95 % confidence, were they right as often as so far; 0: they
    are. None where they are too few, or no better than chance so far."""
    n, hits = len(right), sum(right)
    if n < FEWEST or 2 * hits <= n:
        return None
    share = hits / n
    return next((k for k in range(FARTHEST) if wilson_interval(share * (n + k), n + k)[0] > 0.5), None)


def next_round(right: Sequence[bool], learned: int) -> int | None:
    """Rankings until guesses are expected to be right GAIN more often than when `learned` of them were made; 0: they are.
    None where they are too few, or their rise could be chance."""
    curve = fitted(right) if len(right) >= FEWEST else None
    wanted = curve.at(learned) + GAIN if curve else 1.0
    if curve is None or not curve.rises or wanted >= 1:
        return None
    exponent = (math.log(wanted / (1 - wanted)) - curve.level) / curve.slope
    if exponent > math.log(FARTHEST):
        return None
    return max(0, math.ceil(math.exp(exponent)) - len(right))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, x))))
