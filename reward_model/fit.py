"""Fits a reward model to rankings: a Bayesian head, LoRA on top of it, a temperature, and an evaluation.

First a Bayesian head is fitted to style features and the base model's hidden states (`posterior.py`). It is hard to beat with
few rankings, and training starts from it (linear probing, then fine-tuning: Kumar et al. 2022). Then the network learns the
remaining error. The share of the change that generalises to unseen replies is kept (`weight_interpolation.py`).
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load_file, save_file

from reward_model.calibrate import fit_temperature
from reward_model.calibration_split import keep_apart
from reward_model.config import RewardConfig
from reward_model.network import Progress, RewardNetwork
from reward_model.posterior import PairFeatures, Posterior, fit_widths, use_weights
from reward_model.rankings import Messages, Ranked, contradictions, informative, pairs_of, repeats
from reward_model.report import evaluate_rewards
from reward_model.statistics import wilson_interval
from reward_model.style import style_features
from reward_model.train import Report, Stopped, train_network
from reward_model.weight_interpolation import SHARES, Way, likeliest_share

Array = npt.NDArray[np.float64]

STYLE, CALIBRATION = "style.safetensors", "calibration.json"
STATE_SCALE = 0.3
"""The factor on hidden states. They are a thousand correlated features, so each gets less influence than a style feature."""
WIDTHS = (0.02, 0.03, 0.05, 0.08, 0.16)


class Reward:
    """A trained reward model. Differences of its scores are log odds that the owner prefers one reply to the other."""

    def __init__(self, network: RewardNetwork, style: Array, temperature: float) -> None:
        self._network = network
        self._style = style
        self._temperature = temperature

    def score(self, items: Sequence[tuple[Messages, str]]) -> list[float]:
        """One reward per prompt and reply; only differences between replies to the same prompt mean anything."""
        network = self._network.score(items)
        return [
            (score + float(style_features(reply) @ self._style)) / self._temperature
            for score, (_, reply) in zip(network, items, strict=True)
        ]


def load_reward(base_dir: Path, folder: Path) -> Reward:
    """The model that `fit_reward` wrote into `folder`. Raises OSError, ValueError on broken files."""
    return on_network(RewardNetwork.load(base_dir, folder), folder)


def on_network(network: RewardNetwork, folder: Path) -> Reward:
    """The reward model in `folder` on its network: adds style weights and temperature. Raises OSError, ValueError."""
    temperature = json.loads((folder / CALIBRATION).read_text(encoding="utf-8"))["temperature"]
    return Reward(network, load_file(folder / STYLE)["weights"], float(temperature))


def fit_reward(
    base_dir: Path,
    rankings: Sequence[Ranked],
    config: RewardConfig,
    folder: Path,
    report: Report = lambda step, total, metrics: None,
    should_stop: Callable[[], bool] = lambda: False,
    read: Progress = lambda share: None,
) -> dict[str, Any]:
    """Train on the rankings of the split `train`, write the model into `folder`, evaluate it on `heldout`. All replies are
    read once before the first step. `read` receives the progress of that, `report` each step.

    Returns the record for the manifest. Raises RewardRefused, reward_model.train.Stopped.
    """
    began = time.monotonic()
    training = informative(ranked for ranked in rankings if ranked.split == "train")
    learned, calibration = keep_apart(training)
    head = BayesianStart(read)
    margins_by_share = dict[float, list[float]]()

    def settle(way: Way) -> float:
        for share in SHARES:
            if should_stop():
                raise Stopped
            margins_by_share[share] = margins(Reward(way.at(share), head.style, 1.0), calibration)
        return likeliest_share(margins_by_share)

    facts = train_network(
        base_dir, learned, config, folder, start=head, settle=settle, report=report, should_stop=should_stop
    )
    save_file({"weights": head.style}, folder / STYLE)
    temperature = fit_temperature(margins_by_share[facts["share"]])
    write_temperature(folder, temperature)
    heldout = [ranked for ranked in rankings if ranked.split == "heldout" and pairs_of(ranked)]
    evaluation = evaluate_rewards(heldout, rewards_of(load_reward(base_dir, folder), heldout))
    return {
        **evaluation.record(),
        "pairs": sum(not pair.tie for ranked in training for pair in pairs_of(ranked)),
        "rankings": len(training),
        "ties": sum(pair.tie for ranked in training for pair in pairs_of(ranked)),
        "contradictions": contradictions(training),
        "repeats": _repeats(rankings),
        "temperature": temperature,
        "training_kept": facts["share"],
        **{name: facts[name] for name in ("tie_threshold", "loss", "steps", "truncated", "update_norm")},
        "seconds": round(time.monotonic() - began, 1),
    }


def _repeats(rankings: Sequence[Ranked]) -> dict[str, float] | None:
    """The owner's agreement with themselves, with Wilson's interval; None where no pair was ranked twice."""
    agreed, pairs = repeats(rankings)
    low, high = wilson_interval(agreed, pairs)
    return {"agreed": agreed, "pairs": pairs, "low": low, "high": high} if pairs else None


class BayesianStart:
    """Sets the head of a new network to the mean of the Bayesian head. `style` (d,) holds the weights of the style features."""

    def __init__(self, read: Progress = lambda share: None) -> None:
        self.style: Array = np.zeros(0)
        self._read = read

    def __call__(self, network: RewardNetwork, rankings: Sequence[Ranked]) -> list[list[float]]:
        """Fixed scores of all replies, from their style."""
        items = [(ranked.prompt, reply) for ranked in rankings for reply in ranked.replies]
        states = network.states(items, self._read)
        network.head.standardise(states)
        style = np.stack([style_features(reply) for _, reply in items])
        scale = np.maximum(style.std(0), 0.05)
        hidden = ((states - network.head.mean) / network.head.deviation).double().cpu().numpy()
        posterior = fit_head(np.hstack([style / scale, STATE_SCALE * hidden]), rankings)
        mean = posterior.sharpness * posterior.mean
        self.style = mean[: style.shape[1]] / scale
        weights = torch.tensor(STATE_SCALE * mean[style.shape[1] :], dtype=torch.float32)
        network.head.score.weight.data = weights[None].to(network.device)
        scores = iter((style @ self.style).tolist())
        return [[next(scores) for _ in ranked.replies] for ranked in rankings]


def fit_head(features: Array, rankings: Sequence[Ranked]) -> Posterior:
    """The Bayesian head over features [replies, d] of all replies of the rankings, in order."""
    x, tie, names, first = [], [], [], 0
    for ranked in rankings:
        for pair in pairs_of(ranked):
            x.append(features[first + pair.better] - features[first + pair.worse])
            tie.append(pair.tie)
            names.append((ranked.replies[pair.better], ranked.replies[pair.worse]))
        first += len(ranked.replies)
    return fit_widths(PairFeatures(np.stack(x), np.array(tie), use_weights(names)), WIDTHS)


def rewards_of(model: Reward, rankings: Sequence[Ranked]) -> list[list[float]]:
    """The rewards of each ranking's replies."""
    scores = iter(model.score([(ranked.prompt, reply) for ranked in rankings for reply in ranked.replies]))
    return [[next(scores) for _ in ranked.replies] for ranked in rankings]


def margins(model: Reward, rankings: Sequence[Ranked]) -> list[float]:
    """Reward of the better less that of the worse reply, of each pair that is no tie."""
    return [
        scores[pair.better] - scores[pair.worse]
        for ranked, scores in zip(rankings, rewards_of(model, rankings), strict=True)
        for pair in pairs_of(ranked)
        if not pair.tie
    ]


def write_temperature(folder: Path, temperature: float) -> None:
    (folder / CALIBRATION).write_text(json.dumps({"temperature": temperature}) + "\n", encoding="utf-8")
