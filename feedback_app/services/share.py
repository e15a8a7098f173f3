"""A share of trials with its interval."""

from dataclasses import dataclass

from scipy.stats import binomtest


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
    bounds = binomtest(hits, trials).proportion_ci(method="wilson")
    return Share(hits, trials, float(bounds.low), float(bounds.high))
