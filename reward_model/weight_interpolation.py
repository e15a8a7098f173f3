"""How far to go from where training began to where it ended.

Few rankings teach a network much that does not hold for other replies. Weights between both ends often do better than
either (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", section 3: WiSE-FT). Which, is chosen by pairs that were
kept apart; where there are few, they say little against the middle.
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
    """All weights between the start of a training, an untouched adapter and the head `begun` [1, size], and its end, those of
    `network` now."""

    def __init__(self, network: RewardNetwork, begun: torch.Tensor) -> None:
        self._network = network
        self._begun = begun
        self._ended = network.head.score.weight.detach().clone()
        # What LoRA adds is linear in B, which begins at zero.
        self._adapter = {
            part: part.detach().clone() for name, part in network.model.named_parameters() if "lora_B" in name
        }

    def at(self, share: float) -> RewardNetwork:
        """The network with the weights there: 0 is the start, 1 the end."""
        with torch.no_grad():
            self._network.head.score.weight.copy_(torch.lerp(self._begun, self._ended, share))
            for part, ended in self._adapter.items():
                part.copy_(share * ended)
        return self._network


def likeliest_share(margins: Mapping[float, Sequence[float]]) -> float:
    """The share under which kept pairs are likeliest; `margins` by share: reward of the better less that of the worse reply
    of each pair, before any temperature. The middle without pairs."""
    return max(margins, key=lambda share: _likelihood(margins[share]) - _doubt(share))


def _likelihood(margins: Sequence[float]) -> float:
    values = np.asarray(margins, dtype=np.float64)
    return float(log_expit(values / fit_temperature(margins)).sum())


def _doubt(share: float) -> float:
    return 0.5 * ((share - MIDDLE) / SPREAD) ** 2
