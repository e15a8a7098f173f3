"""Whether training will fit into memory, asked before it starts: a process that the system kills explains nothing."""

from pathlib import Path

import psutil

from alignment.context import RoundContext
from alignment.contract.errors import RoundRefused

GIGABYTE = 1e9


def refuse_too_little(needed: float, available: float | None = None) -> None:
    """Raise RoundRefused where fewer than `needed` bytes are free; by default of this machine's memory."""
    free = psutil.virtual_memory().available if available is None else available
    if needed > free:
        raise RoundRefused(
            f"training needs about {needed / GIGABYTE:.1f} GB of memory and {free / GIGABYTE:.1f} GB are free: close other "
            "programs, or lower micro_batch_size, rollout_size or max_new_tokens"
        )


def refuse_too_large(work: RoundContext, copies: int) -> None:
    """Raise RoundRefused where not even the base model fits. How much more a training takes depends on its texts."""
    refuse_too_little(copies * base_bytes(work.spec.base_dir))


def base_bytes(base_dir: Path) -> float:
    """Bytes of the base model's weights."""
    return float(sum(file.stat().st_size for file in base_dir.glob("*.safetensors")))
