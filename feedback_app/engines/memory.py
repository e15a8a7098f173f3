"""How much memory a batch takes while CTranslate2 writes it. Pure.

Measured with the default model and CTranslate2 4.8 (docs/benchmarks/memory.md): keys and values are kept for every
attention head in float32, and the attention scores of a prompt are held twice while it is read, so that memory grows with
the square of its length: 8,000 tokens would take 6 GB.
"""

import ctypes
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any

FLOAT = 4
SCORE_COPIES = 2
WEIGHTS_FACTOR = 3
"""Memory for replies on their way, as a multiple of the weights, where the settings name none."""
LEAST_BUDGET = 256 * 1024**2
MANY = 1024
LARGEST_SHARE = 0.75
"""Of the budget for one batch: the rest is free for a short reply beside it."""


@dataclass(frozen=True, slots=True)
class BatchMemory:
    """`token`: bytes of keys and values for each token of each reply. `square`: bytes of scores, times the prompt's length squared."""

    token: int
    square: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "BatchMemory":
        """From the `config.json` of a Hugging Face model. Where it is silent, nothing is bounded."""
        config = config.get("text_config") or config
        heads = int(config.get("num_attention_heads") or config.get("n_head") or 0)
        layers = int(config.get("num_hidden_layers") or config.get("n_layer") or 0)
        hidden = int(config.get("hidden_size") or config.get("n_embd") or 0)
        width = int(config.get("head_dim") or 0) * heads or hidden
        return cls(2 * FLOAT * layers * width, SCORE_COPIES * FLOAT * heads)

    def batch(self, prompt: int, new: int, replies: int) -> int:
        """Bytes for so many replies of at most `new` tokens to one prompt, which is read once and then copied."""
        copies = replies + (replies > 1)
        return self.token * (copies * prompt + replies * new) + self.square * prompt**2

    def window(self, budget: int) -> int:
        """Tokens that one prompt and its reply may have together."""
        if not self.square:
            return budget
        return (isqrt(self.token**2 + 4 * self.square * budget) - self.token) // (2 * self.square)

    def replies(self, prompt: int, new: int, budget: int) -> int:
        """How many replies fit into one batch, at least one."""
        each = self.token * (prompt + new)
        room = budget - self.square * prompt**2 - self.token * prompt
        return max(1, room // each) if each else MANY


def budget_for(weights: int, megabytes: int) -> int:
    """Bytes for all replies on their way: what the settings say, else a multiple of the weights."""
    return megabytes * 1024**2 if megabytes else max(LEAST_BUDGET, WEIGHTS_FACTOR * weights)


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
KEPT_BLOCK = 32 * 1024**2
"""Bytes from which a block is mapped by itself; the most that glibc allows."""
KEPT = 1024**3
ARENAS = 2


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    try:
        library = ctypes.CDLL("libc.so.6")
        library.malloc_trim.argtypes = [ctypes.c_size_t]
    except (OSError, AttributeError):
        return None
    return library


def keep_blocks() -> None:
    """Have freed blocks kept for the next step. Once, before threads are started."""
    if (library := _glibc()) is not None:
        library.mallopt(M_ARENA_MAX, ARENAS)
        library.mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK)
        library.mallopt(M_TRIM_THRESHOLD, KEPT)


def give_back() -> None:
    """Return to the system what is free now: some milliseconds."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)
