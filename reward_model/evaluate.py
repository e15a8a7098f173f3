"""Preference accuracy: how often a scorer puts the reply that the owner chose above the one that was rejected."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reward_model.statistics import wilson_interval


@dataclass(frozen=True, slots=True)
class PreferenceAccuracy:
    """`value` is `correct / pairs` (NaN without pairs); `low` and `high` bound it by Wilson's 95 % interval."""

    pairs: int
    correct: int
    value: float
    low: float
    high: float


def preference_accuracy(margins: Sequence[float]) -> PreferenceAccuracy:
    """Accuracy from margins `score(chosen) - score(rejected)`, one per pair. A margin of 0 or NaN is not correct."""
    correct = sum(margin > 0 for margin in margins)
    low, high = wilson_interval(correct, len(margins))
    value = correct / len(margins) if margins else math.nan
    return PreferenceAccuracy(len(margins), correct, value, low, high)
