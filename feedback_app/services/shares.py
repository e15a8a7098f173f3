"""A proportion with its confidence interval."""

from dataclasses import dataclass

from alignment.contract.statistics import wilson_interval


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
    return Share(hits, trials, *wilson_interval(hits, trials))
