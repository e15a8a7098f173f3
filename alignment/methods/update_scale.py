"""Scaling a LoRA update: the largest step away from the base model that keeps what the base model knew.

A scale below 1 is weight interpolation (WiSE-FT, Wortsman et al. 2021, section 3). A scale above 1 is extrapolation (ExPO, Zheng et al.
2024, arXiv 2404.16792, equation 2): with few rankings a short training finds the right direction but takes too small a step. For LoRA
both multiply one matrix.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

GAIN = 1.1
"""A larger scale is tried only where it is larger by at least this factor."""


@dataclass(frozen=True, slots=True)
class Scale:
    """`cost` is the measurement at the scale `value`."""

    value: float
    cost: float


def largest_scale(measure: Callable[[float], float], budget: float, ceiling: float, tries: int = 5) -> Scale:
    """The largest scale up to `ceiling` that was found with `measure(scale) <= budget`.

    `measure` gives a ratio that is 1 at scale 0 and rises about with the square of the scale. Each guess follows from the last
    measurement: a little below the scale at which the square meets the budget. After a guess within the budget a larger scale is tried,
    if it gains enough. If no guess is within the budget, the smallest is returned with its cost, and the gate decides about it. Calls
    `measure` at most `tries` times.
    """
    best, too_far, value = None, ceiling, ceiling
    for _ in range(tries):
        tried = Scale(value, measure(value))
        if tried.cost <= budget:
            best, value = tried, min(value * _up(tried.cost, budget), (value + too_far) / 2)
        else:
            too_far, value = value, value * _down(tried.cost, budget)
            value = max(value, (best.value + too_far) / 2) if best else value
        if best and value < GAIN * best.value:
            break
    return best or tried


def _down(cost: float, budget: float) -> float:
    """The factor for a scale that costs more than the budget. It is bounded, so that no guess is wasted on a tiny step and one extreme cost
    does not end the search near 0."""
    return min(0.95, max(0.25, _to_budget(cost, budget)))


def _up(cost: float, budget: float) -> float:
    """The factor for a scale that costs less than the budget."""
    return min(2.0, _to_budget(cost, budget))


def _to_budget(cost: float, budget: float) -> float:
    excess = max(cost - 1, 1e-9) if math.isfinite(cost) else math.inf
    return 0.97 * math.sqrt(max(budget - 1, 0.0) / excess)


def scaled_tensors(tensors: Mapping[str, torch.Tensor], scale: float) -> dict[str, torch.Tensor]:
    """The adapter weights with an update that is `scale` times as large: every lora_B is multiplied, lora_A stays."""
    return {name: tensor * scale if "lora_B" in name else tensor for name, tensor in tensors.items()}
