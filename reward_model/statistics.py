"""Wilson's interval and the calibration of stated confidence. Plain Python, so it imports quickly."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Z = 1.959963984540054
"""95 % of the normal distribution lie within this many standard deviations."""
ROUNDING = 1e-9
"""A confidence of 0.7 belongs to the bin that begins there, though it is slightly less as a float."""


def wilson_interval(successes: float, trials: int, z: float = Z) -> tuple[float, float]:
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


@dataclass(frozen=True, slots=True)
class Bin:
    """Guesses whose stated confidence is from `low` to `high`: their mean confidence, and how many were right (a tie is
    half)."""

    low: float
    high: float
    confidence: float
    right: float
    guesses: int

    @property
    def accuracy(self) -> float:
        return self.right / self.guesses


def bins_of_confidence(guesses: Iterable[tuple[float, float]], count: int) -> list[Bin]:
    """`count` equal bins from 0.5 to 1, without empty ones. Each guess is (stated confidence, how right it was from 0 to 1)."""
    members: dict[int, list[tuple[float, float]]] = {}
    for confidence, right in guesses:
        place = min(count - 1, max(0, int((confidence - 0.5) * 2 * count + ROUNDING)))
        members.setdefault(place, []).append((confidence, right))
    return [_bin(place, count, members[place]) for place in sorted(members)]


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error (Guo et al. 2017, equation 3): the mean distance of confidence from accuracy, weighted
    by guesses. NaN without guesses."""
    total = sum(each.guesses for each in bins)
    if not total:
        return math.nan
    return sum(abs(each.right - each.confidence * each.guesses) for each in bins) / total


def _bin(place: int, count: int, members: Sequence[tuple[float, float]]) -> Bin:
    low, high = (round(0.5 + number * 0.5 / count, 3) for number in (place, place + 1))
    confidence = sum(stated for stated, _ in members) / len(members)
    return Bin(low, high, confidence, sum(right for _, right in members), len(members))
