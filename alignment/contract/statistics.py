"""The statistics of shares and of stated confidence, as training computes them."""

from reward_model.statistics import Bin, bins_of_confidence, calibration_error, wilson_interval

__all__ = ["Bin", "bins_of_confidence", "calibration_error", "wilson_interval"]
