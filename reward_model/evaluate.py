"""Preference accuracy: how often a scorer puts the reply that the owner chose above the one that was rejected."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PreferenceAccuracy:
    """`value` is `correct / pairs` (NaN without pairs); `low` and `high` bound it by Wilson's 95 % interval."""

    pairs: int
    correct: int
    value: float
    low: float
    high: float


def wilson_interval(successes: float, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval for a share (E. B. Wilson, 1927); `z` is the normal quantile, 95 % by default;
    a tie may count as half a success.

    Without trials nothing is known: (0, 1). Raises ValueError unless 0 <= successes <= trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials make no sense")
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z * math.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2) / scale
    # At 0 of n and n of n the bounds are exactly 0 and 1; rounding must not push them past the share itself.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def preference_accuracy(margins: Sequence[float]) -> PreferenceAccuracy:
    """Accuracy from margins `score(chosen) - score(rejected)`, one per pair. A margin of 0 or NaN is not correct."""
    correct = sum(margin > 0 for margin in margins)
    low, high = wilson_interval(correct, len(margins))
    value = correct / len(margins) if margins else math.nan
    return PreferenceAccuracy(len(margins), correct, value, low, high)
