"""Scaling a LoRA update down: the largest step away from the base that keeps what the base knew.

Interpolating between base and tuned weights is WiSE-FT (Wortsman et al. 2021); for LoRA it multiplies one matrix.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Scale:
    """`cost` is what was measured at `value`."""

    value: float
    cost: float


def largest_scale(
    measure: Callable[[float], float], budget: float, tries: int = 5, smallest: float = 0.05
) -> Scale:
    """The largest tried scale in (0, 1] with `measure(scale) <= budget`, by bisection after 1.0 itself.

    `measure` should grow with the scale and be within the budget at 0. If no try is within it, the smallest tried is
    returned with its cost: the caller (the gate) judges that. Calls `measure` at most `tries` times.
    """
    tried = [Scale(1.0, measure(1.0))]
    low, high = 0.0, 1.0
    while tried[0].cost > budget and len(tried) < tries and high - low > smallest:
        middle = (low + high) / 2
        tried.append(Scale(middle, measure(middle)))
        low, high = (middle, high) if tried[-1].cost <= budget else (low, middle)
    within = [scale for scale in tried if scale.cost <= budget]
    if within:
        return max(within, key=lambda scale: scale.value)
    return min(tried, key=lambda scale: scale.value)


def scaled_tensors(tensors: Mapping[str, torch.Tensor], scale: float) -> dict[str, torch.Tensor]:
    """Adapter weights whose update is `scale` times as large: every lora_B is multiplied, lora_A stays."""
    return {name: tensor * scale if "lora_B" in name else tensor for name, tensor in tensors.items()}
