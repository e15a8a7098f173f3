"""The precision that a training runs in."""

import time
from collections.abc import Callable, Mapping
from functools import cache

import torch

PRODUCTS, CLEARLY = 8, 1.2  # a margin wide enough that one machine always decides the same
FAST = ("amx_tile", "avx512_bf16")
"""CPU features for bfloat16. Without one of them bfloat16 is only emulated."""


def bf16(precision: str, device: str) -> bool:
    """Whether training runs in bfloat16 autocast; `auto`: where that is quicker."""
    if precision != "auto":
        return precision == "bf16"
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    return _quicker_here()


def quicker(abilities: Mapping[str, object], seconds: Callable[[torch.dtype], float]) -> bool:
    """Whether a CPU multiplies matrices in bfloat16 clearly faster; `seconds` measures a product. The instructions
    alone are no evidence: with AVX512-BF16 and without AMX, bfloat16 was half as fast as float32."""
    if not any(abilities.get(name) for name in FAST):
        return False
    least = {dtype: min(seconds(dtype) for _ in range(PRODUCTS)) for dtype in (torch.float32, torch.bfloat16)}
    return least[torch.float32] > CLEARLY * least[torch.bfloat16]


@cache
def _quicker_here() -> bool:
    return quicker(torch.cpu.get_capabilities(), _product)


def _product(dtype: torch.dtype) -> float:
    """Seconds for a product of the size that a layer of a small model needs."""
    states, weights = torch.ones(512, 576, dtype=dtype), torch.ones(1536, 576, dtype=dtype)
    began = time.perf_counter()
    torch.nn.functional.linear(states, weights)
    return time.perf_counter() - began
