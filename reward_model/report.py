"""The evaluation of a reward model on rankings that it was not trained on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from reward_model.calibrate import calibration_bins, expected_calibration_error
from reward_model.evaluate import preference_accuracy
from reward_model.rankings import Ranked, pairs_of

MARGINS = (0.0, 0.25, 0.5, 1.0, 2.0, math.inf)
LENGTHS = (0.0, 0.5, 0.8, 1.25, 2.0, math.inf)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One entry per pair that is no tie. `margins`: reward of the chosen reply less that of the rejected, in log odds;
    `lengths`: length of the chosen reply divided by that of the rejected. `length_correlation`: Pearson correlation of rewards
    and log lengths, both less their mean over the ranking; NaN where it is undefined."""

    margins: tuple[float, ...]
    lengths: tuple[float, ...]
    length_correlation: float

    def record(self) -> dict[str, Any]:
        """As JSON. Unknown numbers and the open end of the last bucket are null."""
        accuracy = preference_accuracy(self.margins)
        numbers = {
            "accuracy": accuracy.value,
            "accuracy_low": accuracy.low if self.margins else math.nan,
            "accuracy_high": accuracy.high if self.margins else math.nan,
            "ece": expected_calibration_error(self.margins),
            "length_correlation": self.length_correlation,
        }
        return {
            "heldout_pairs": len(self.margins),
            **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
            "by_margin": self._buckets([abs(margin) for margin in self.margins], MARGINS),
            "by_length": self._buckets(self.lengths, LENGTHS),
            "calibration": [
                {"confidence": each.confidence, "accuracy": each.accuracy, "pairs": each.guesses}
                for each in calibration_bins(self.margins)
            ],
        }

    def _buckets(self, values: Sequence[float], edges: Sequence[float]) -> list[dict[str, float | None]]:
        """Accuracy of the pairs whose value lies in [low, high). Empty buckets are left out."""
        buckets: list[dict[str, float | None]] = []
        for low, high in pairwise(edges):
            inside = [m for m, value in zip(self.margins, values, strict=True) if low <= value < high]
            if inside:
                top = high if math.isfinite(high) else None
                right = preference_accuracy(inside).value
                buckets.append({"low": low, "high": top, "pairs": len(inside), "accuracy": right})
        return buckets


def evaluate_rewards(rankings: Sequence[Ranked], rewards: Sequence[Sequence[float]]) -> Evaluation:
    """`rewards[i][j]` is the reward of reply j of ranking i, in log odds."""
    margins, lengths = [], []
    for ranked, scores in zip(rankings, rewards, strict=True):
        for pair in pairs_of(ranked):
            if not pair.tie:
                margins.append(scores[pair.better] - scores[pair.worse])
                chosen, rejected = (max(len(ranked.replies[i]), 1) for i in (pair.better, pair.worse))
                lengths.append(chosen / rejected)
    return Evaluation(tuple(margins), tuple(lengths), length_correlation(rankings, rewards))


def length_correlation(rankings: Sequence[Ranked], rewards: Sequence[Sequence[float]]) -> float:
    """The correlation of reward and length within rankings."""
    lengths = [np.log1p([len(reply) for reply in ranked.replies]) for ranked in rankings]
    x = np.concatenate([own - own.mean() for own in lengths]) if lengths else np.zeros(0)
    y = np.concatenate([np.subtract(own, np.mean(own)) for own in rewards]) if lengths else np.zeros(0)
    spread = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum() / spread) if spread else math.nan
