"""Interpolates between the weights before training and after it.

With few rankings, much of what a network learns does not generalise. Weights between start and end often do better than
either (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", section 3: WiSE-FT). The pairs of the calibration split
choose the share. With few of them, a prior keeps it near the middle.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy.special import log_expit

from reward_model.calibrate import fit_temperature
from reward_model.network import RewardNetwork

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
MIDDLE, SPREAD = 0.5, 0.35
"""Mean and standard deviation of the prior on the share: a nat against either end."""


class Way:
    """The weights between the start of a training and its end. The start is an untouched adapter with the head `begun` [1, size]; the end
    is `network` as it is."""

    def __init__(self, network: RewardNetwork, begun: torch.Tensor) -> None:
        self._network = network
        self._begun = begun
        self._ended = network.head.score.weight.detach().clone()
        # What LoRA adds is linear in B, which begins at zero.
        self._adapter = {
            part: part.detach().clone() for name, part in network.model.named_parameters() if "lora_B" in name
        }

    def at(self, share: float) -> RewardNetwork:
        """The network with the weights at that share: 0 is the start, 1 the end."""
        with torch.no_grad():
            self._network.head.score.weight.copy_(torch.lerp(self._begun, self._ended, share))
            for part, ended in self._adapter.items():
                part.copy_(share * ended)
        return self._network


def likeliest_share(margins: Mapping[float, Sequence[float]]) -> float:
    """The share at which the calibration pairs are most likely. `margins` by share: for each pair, the reward of the better reply less
    that of the worse one, without a temperature. The middle if there are no pairs."""
    return max(margins, key=lambda share: _likelihood(margins[share]) - _doubt(share))


def _likelihood(margins: Sequence[float]) -> float:
    values = np.asarray(margins, dtype=np.float64)
    return float(log_expit(values / fit_temperature(margins)).sum())


def _doubt(share: float) -> float:
    return 0.5 * ((share - MIDDLE) / SPREAD) ** 2
