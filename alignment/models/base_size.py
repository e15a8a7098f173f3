"""The size of a base model as a multiple of the default model; training times grow with it."""

from pathlib import Path

from alignment.models.base_model import BaseModelUnavailable, ready_files
from alignment.models.base_source import DEFAULT, find_source

DEFAULT_BYTES = 538_090_408
"""Of the default model's weights, prepared in 32-bit floats."""
SMALLEST = 0.1
"""The lowest size: loading, saving and checking take time for every model."""


def size_of(base_dir: Path) -> float:
    """The size of the weights as a multiple of the default model's; 1 where they are not in safetensors."""
    size = sum(file.stat().st_size for file in base_dir.glob("*.safetensors"))
    return max(SMALLEST, size / DEFAULT_BYTES) if size else 1.0


def known_size(source: str, models_dir: Path) -> float | None:
    """The same for the base model that `source` names, prepared or not; None where it is invalid or its weights are not on this machine."""
    try:
        if ready := ready_files(source, models_dir):
            return size_of(ready.hf_dir)
        lies_at = find_source(source).path
    except BaseModelUnavailable:
        return None
    if source == DEFAULT:
        return 1.0
    return size_of(lies_at) if lies_at and lies_at.is_dir() else None
