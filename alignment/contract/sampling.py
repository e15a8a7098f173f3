"""How many examples a round trains on: as many as `max_pairs` says, or as many as take a sensible time. Pure."""

from bisect import bisect_right
from dataclasses import replace

from alignment.contract.amounts import Amounts
from alignment.contract.configs.policy import AUTO
from alignment.contract.durations import stage_seconds
from alignment.contract.methods import RoundConfig
from alignment.contract.snapshot.sample import MOST_HELDOUT, Limits

SENSIBLE_SECONDS = 4 * 3600.0
"""A round that may choose takes about so long at most."""
FEWEST, MOST = 1_000, 50_000
"""It uses at least so many examples of a kind where they are there, whatever the time, and at most so many."""


def limits_of(config: RoundConfig) -> Limits:
    """What a trainer reads of a snapshot."""
    return Limits(MOST if config.max_pairs == AUTO else config.max_pairs, MOST_HELDOUT)


def limited(amounts: Amounts, config: RoundConfig) -> Amounts:
    """What a round with these settings uses of what there is."""
    return _limited(amounts, limits_of(config).train or MOST)


def with_sample(config: RoundConfig, amounts: Amounts, pace: float) -> RoundConfig:
    """The settings with a number in place of `auto`, where there is more than a sensible time allows. `pace`: how many times as
    long as on the measured machine a round takes here."""
    if config.max_pairs != AUTO:
        return config
    number = affordable(config, amounts, pace)
    largest = max(amounts.pairs, amounts.good + amounts.bad, amounts.demonstrations)
    return config if largest <= number else config.model_copy(update={"max_pairs": number})


def affordable(config: RoundConfig, amounts: Amounts, pace: float) -> int:
    """The largest number of examples of a kind with which a round takes a sensible time."""

    def seconds(number: int) -> float:
        return pace * sum(stage_seconds(config, _limited(amounts, number)).values())

    return max(FEWEST, bisect_right(range(MOST + 1), SENSIBLE_SECONDS, lo=1, key=seconds) - 1)


def _limited(amounts: Amounts, most: int) -> Amounts:
    rated = amounts.good + amounts.bad
    good = amounts.good if rated <= most else round(amounts.good * most / rated)
    return replace(
        amounts,
        pairs=min(amounts.pairs, most),
        heldout=min(amounts.heldout, MOST_HELDOUT),
        good=good,
        bad=min(amounts.bad, most - good) if rated > most else amounts.bad,
        demonstrations=min(amounts.demonstrations, most),
    )
