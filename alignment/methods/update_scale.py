"""Scaling a LoRA update: the largest step away from the base that keeps what the base knew.

Below 1 this is WiSE-FT (Wortsman et al. 2021, section 3). Above 1 it is ExPO (Zheng et al. 2024, arXiv 2404.16792,
equation 2): votes are few, so a short training finds the direction long before it has gone the distance. For LoRA either
multiplies one matrix.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

GAIN = 1.1
"""A larger scale is tried where it would be larger by so much."""


@dataclass(frozen=True, slots=True)
class Scale:
    """`cost` is what was measured at `value`."""

    value: float
    cost: float


def largest_scale(measure: Callable[[float], float], budget: float, ceiling: float, tries: int = 5) -> Scale:
    """The largest scale up to `ceiling` that is found with `measure(scale) <= budget`.

    `measure` is a ratio that is 1 at scale 0 and rises about as the square of the scale: each guess follows from the cost
    of the last, a little below where that square meets the budget; from a try within the budget up again, where that gains
    enough. If none of the tries is within the budget, the smallest is returned with its cost: the caller (the gate) judges
    that. Calls `measure` at most `tries` times.
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
    """What to multiply a scale by that costs more than the budget: never so little that a try is wasted, nor so much
    that one wild cost ends the search at nothing."""
    return min(0.95, max(0.25, _to_budget(cost, budget)))


def _up(cost: float, budget: float) -> float:
    """What to multiply a scale by that costs less than the budget."""
    return min(2.0, _to_budget(cost, budget))


def _to_budget(cost: float, budget: float) -> float:
    excess = max(cost - 1, 1e-9) if math.isfinite(cost) else math.inf
    return 0.97 * math.sqrt(max(budget - 1, 0.0) / excess)


def scaled_tensors(tensors: Mapping[str, torch.Tensor], scale: float) -> dict[str, torch.Tensor]:
    """Adapter weights whose update is `scale` times as large: every lora_B is multiplied, lora_A stays."""
    return {name: tensor * scale if "lora_B" in name else tensor for name, tensor in tensors.items()}
