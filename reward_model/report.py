"""Placeholder until the lead's report is merged: what a scorer is worth on rankings that it has not seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation, fmean
from typing import Any

from reward_model.evaluate import preference_accuracy
from reward_model.rankings import Ranked, duels

BINS = 5


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`margins`: better less worse, in log odds; `ratios`: length of the longer reply over the shorter."""

    margins: tuple[float, ...]
    ratios: tuple[float, ...]
    length_correlation: float | None

    def record(self) -> dict[str, Any]:
        found, known = preference_accuracy(self.margins), bool(self.margins)
        calibration = self._calibration()
        return {
            "heldout_pairs": len(self.margins),
            "accuracy": found.value if known else None,
            "accuracy_low": found.low if known else None,
            "accuracy_high": found.high if known else None,
            "ece": sum(abs(b["confidence"] - b["accuracy"]) * b["pairs"] for b in calibration)
            / len(self.margins)
            if known
            else None,
            "length_correlation": self.length_correlation,
            "by_margin": self._parts([abs(margin) for margin in self.margins], (0.0, 0.5, 1.0, 2.0)),
            "by_length": self._parts(self.ratios, (1.0, 1.5, 2.0, 4.0)),
            "calibration": calibration,
        }

    def _calibration(self) -> list[dict[str, float]]:
        sure = [1 / (1 + math.exp(-abs(margin))) for margin in self.margins]
        rows = []
        for bin_ in range(BINS):
            low, high = 0.5 + bin_ * 0.5 / BINS, 0.5 + (bin_ + 1) * 0.5 / BINS
            inside = [i for i, p in enumerate(sure) if low <= p < high or (p >= 1.0 and bin_ == BINS - 1)]
            if inside:
                right = fmean(self.margins[i] > 0 for i in inside)
                rows.append(
                    {"confidence": fmean(sure[i] for i in inside), "accuracy": right, "pairs": len(inside)}
                )
        return rows

    def _parts(self, values: Sequence[float], edges: Sequence[float]) -> list[dict[str, float | None]]:
        rows: list[dict[str, float | None]] = []
        for low, high in zip(edges, (*edges[1:], math.inf), strict=True):
            inside = [m for m, value in zip(self.margins, values, strict=True) if low <= value < high]
            if inside:
                accuracy = fmean(margin > 0 for margin in inside)
                top = high if math.isfinite(high) else None
                rows.append({"low": low, "high": top, "pairs": len(inside), "accuracy": accuracy})
        return rows


def evaluate_rewards(rankings: Sequence[Ranked], rewards: Sequence[Sequence[float]]) -> Evaluation:
    """What `rewards[i][j]`, in log odds, says of reply j of ranking i, against its places."""
    margins, ratios = [], []
    for ranked, scores in zip(rankings, rewards, strict=True):
        for duel in duels(ranked):
            if not duel.tie:
                margins.append(scores[duel.better] - scores[duel.worse])
                lengths = [max(len(ranked.replies[i]), 1) for i in (duel.better, duel.worse)]
                ratios.append(max(lengths) / min(lengths))
    return Evaluation(tuple(margins), tuple(ratios), _correlation(rankings, rewards))


def _correlation(rankings: Sequence[Ranked], rewards: Sequence[Sequence[float]]) -> float | None:
    lengths = [math.log1p(len(reply)) for ranked in rankings for reply in ranked.replies]
    try:
        return correlation(lengths, [value for scores in rewards for value in scores])
    except StatisticsError:
        return None
