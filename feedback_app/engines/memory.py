"""Memory of CTranslate2: how much a batch needs, and returning free memory to the system.

Measured with the default model and CTranslate2 4.8 (docs/benchmarks/memory.md): keys and values are stored for every
attention head in float32, and the attention scores of a prompt are held twice while it is read, so that memory grows with
the square of its length: 8,000 tokens would need 6 GB.

CTranslate2 allocates and frees blocks of some megabytes at every step. By default glibc maps such blocks one by one, which
made eight replies to a long prompt three times slower. If glibc keeps the blocks instead, hundreds of megabytes stay in use.
So they are kept while replies are written and returned afterwards (docs/decisions/0022-queue-and-memory.md).
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
"""Memory for all running batches as a multiple of the weights, unless the settings name an amount."""
LEAST_BUDGET = 256 * 1024**2
MANY = 1024
LARGEST_SHARE = 0.75
"""The share of the budget for one batch. The rest is free for a short reply at the same time."""


@dataclass(frozen=True, slots=True)
class BatchMemory:
    """Memory needs of one model: `token` bytes of keys and values per token of each reply, and `square` bytes of scores times
    the squared length of the prompt."""

    token: int
    square: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "BatchMemory":
        """Read it from the `config.json` of a Hugging Face model. Missing values mean no limit."""
        config = config.get("text_config") or config
        heads = int(config.get("num_attention_heads") or config.get("n_head") or 0)
        layers = int(config.get("num_hidden_layers") or config.get("n_layer") or 0)
        hidden = int(config.get("hidden_size") or config.get("n_embd") or 0)
        width = int(config.get("head_dim") or 0) * heads or hidden
        return cls(2 * FLOAT * layers * width, SCORE_COPIES * FLOAT * heads)

    def batch(self, prompt: int, new: int, replies: int) -> int:
        """Bytes for `replies` replies of at most `new` tokens to one prompt, which is read once and then copied."""
        copies = replies + (replies > 1)
        return self.token * (copies * prompt + replies * new) + self.square * prompt**2

    def window(self, budget: int) -> int:
        """The maximum tokens of a prompt with its reply."""
        if not self.square:
            return budget
        return (isqrt(self.token**2 + 4 * self.square * budget) - self.token) // (2 * self.square)

    def replies(self, prompt: int, new: int, budget: int) -> int:
        """How many replies fit into one batch, at least one."""
        each = self.token * (prompt + new)
        room = budget - self.square * prompt**2 - self.token * prompt
        return max(1, room // each) if each else MANY


def budget_for(weights: int, megabytes: int) -> int:
    """Bytes for all running batches: the amount in the settings, else a multiple of the weights."""
    return megabytes * 1024**2 if megabytes else max(LEAST_BUDGET, WEIGHTS_FACTOR * weights)


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
KEPT_BLOCK = 32 * 1024**2
"""Blocks from this size on are mapped separately; it is the maximum that glibc allows."""
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
    """Make glibc keep freed blocks for the next step. Call it once, before threads start. Linux with glibc only."""
    if (library := _glibc()) is not None:
        library.mallopt(M_ARENA_MAX, ARENAS)
        library.mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK)
        library.mallopt(M_TRIM_THRESHOLD, KEPT)


def return_free_memory() -> None:
    """Return free memory to the system, which takes some milliseconds. Linux with glibc only."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)
