"""A share of trials with its interval."""

import math
from dataclasses import dataclass

Z = 1.959963984540054
"""The normal distribution lies within so many standard deviations with 95 %."""


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `trials`; `low` and `high` bound the share by Wilson's 95 % interval (E. B. Wilson, 1927). `value` is None
    without trials."""

    hits: int
    trials: int
    low: float = 0.0
    high: float = 1.0

    @property
    def value(self) -> float | None:
        return self.hits / self.trials if self.trials else None


def share(hits: int, trials: int) -> Share:
    if trials == 0:
        return Share(0, 0)
    found, spread = hits / trials, Z * Z / trials
    centre = (found + spread / 2) / (1 + spread)
    half = Z * math.sqrt(found * (1 - found) / trials + spread / trials / 4) / (1 + spread)
    low, high = (0.0 if hits == 0 else centre - half), (1.0 if hits == trials else centre + half)
    return Share(hits, trials, low, high)
