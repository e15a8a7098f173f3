"""Placeholder until the trained reward model is merged: logistic regression on the logarithm of a reply's length."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reward_model.config import RewardConfig
from reward_model.rankings import Messages, Ranked, contradictions, duels, informative
from reward_model.report import evaluate_rewards

Report = Callable[[int, int, dict[str, float]], None]
STEPS = 50


@dataclass(frozen=True, slots=True)
class Reward:
    """Scores replies; the difference of two is the log odds that the owner prefers one."""

    weight: float

    def score(self, items: Sequence[tuple[Messages, str]]) -> list[float]:
        return [self.weight * math.log1p(len(reply)) for _, reply in items]


def load_reward(base_dir: Path, folder: Path) -> Reward:
    return Reward(json.loads((folder / "head.json").read_text(encoding="utf-8"))["weight"])


def fit_reward(
    base_dir: Path,
    rankings: Sequence[Ranked],
    config: RewardConfig,
    folder: Path,
    report: Report = lambda step, total, metrics: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train, write into `folder`, evaluate on the held-out rankings. Raises RewardRefused."""
    began = time.monotonic()
    kept = informative(ranked for ranked in rankings if ranked.split == "train")
    margins = [gap for gap in _gaps(kept) if gap is not None]
    weight, loss = 0.0, math.log(2)
    for step in range(1, STEPS + 1):
        should_stop()
        chances = [1 / (1 + math.exp(-weight * gap)) for gap in margins]
        weight += sum((1 - p) * gap for p, gap in zip(chances, margins, strict=True)) / len(margins)
        loss = -sum(math.log(max(p, 1e-9)) for p in chances) / len(margins)
        report(step, STEPS, {"loss": loss})
    (folder / "head.json").write_text(json.dumps({"weight": weight}), encoding="utf-8")
    heldout = [ranked for ranked in rankings if ranked.split == "heldout"]
    return _record(kept, margins, heldout, weight, loss) | {"seconds": time.monotonic() - began}


def _gaps(rankings: Sequence[Ranked]) -> list[float | None]:
    """Difference of log lengths, better less worse, of each duel; None for a tie."""
    return [
        None
        if duel.tie
        else math.log1p(len(ranked.replies[duel.better])) - math.log1p(len(ranked.replies[duel.worse]))
        for ranked in rankings
        for duel in duels(ranked)
    ]


def _record(
    kept: Sequence[Ranked], margins: Sequence[float], heldout: Sequence[Ranked], weight: float, loss: float
) -> dict[str, Any]:
    rewards = [[weight * math.log1p(len(reply)) for reply in ranked.replies] for ranked in heldout]
    return {
        "pairs": len(margins),
        "rankings": len(kept),
        "ties": _gaps(kept).count(None),
        "contradictions": contradictions(kept),
        "temperature": 1.0,
        "tie_threshold": 0.0,
        "loss": loss,
        **evaluate_rewards(heldout, rewards).record(),
    }
