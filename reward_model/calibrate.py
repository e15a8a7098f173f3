"""Temperature scaling and the expected calibration error (Guo et al. 2017, sections 2 and 4.2)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit

from reward_model.statistics import Bin, bins_of_confidence, calibration_error

Array = npt.NDArray[np.float64]

BINS = 10
USUAL, DOUBT = 1.5, 0.35
"""The prior on T, and its standard deviation on the logarithm. Networks are usually overconfident by about this much, and a few pairs
are little evidence against it (docs/decisions/0014-reward-model.md)."""


def fit_temperature(margins: Sequence[float]) -> float:
    """T > 0 that makes sigmoid(margin / T) likeliest; margins are score(chosen) - score(rejected). USUAL without pairs."""
    values = np.asarray(margins, dtype=np.float64)

    def loss(log_t: float) -> float:
        return float(-log_expit(values * np.exp(-log_t)).sum() + 0.5 * ((log_t - np.log(USUAL)) / DOUBT) ** 2)

    return float(np.exp(minimize_scalar(loss, bounds=(-4, 4), method="bounded").x))


def calibration_bins(margins: Sequence[float], bins: int = BINS) -> list[Bin]:
    """Equal bins of the confidence in the guessed reply; empty ones are left out. A margin of 0 is half right."""
    values = np.asarray(margins, dtype=np.float64)
    confidence, right = expit(np.abs(values)), (np.sign(values) + 1) / 2
    return bins_of_confidence(zip(confidence.tolist(), right.tolist(), strict=True), bins)


def expected_calibration_error(margins: Sequence[float], bins: int = BINS) -> float:
    """Mean distance between confidence and accuracy over the bins, weighted by pairs; NaN without pairs."""
    return calibration_error(calibration_bins(margins, bins))
