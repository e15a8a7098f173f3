"""Checks before training that it fits into memory: a process that the system kills cannot say why it ended."""

from pathlib import Path

import psutil

from alignment.contract.errors import RoundRefused

GIGABYTE = 1e9


def refuse_too_little(needed: float, available: float | None = None) -> None:
    """Raise RoundRefused where fewer than `needed` bytes of memory are free. `available` defaults to what this machine has."""
    free = psutil.virtual_memory().available if available is None else available
    if needed > free:
        raise RoundRefused(
            f"training needs about {needed / GIGABYTE:.1f} GB of memory and {free / GIGABYTE:.1f} GB are free: close other "
            "programs, or lower micro_batch_size, rollout_size or max_new_tokens"
        )


def base_bytes(base_dir: Path) -> float:
    """Bytes of the base model's weights."""
    return float(sum(file.stat().st_size for file in base_dir.glob("*.safetensors")))
