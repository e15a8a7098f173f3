"""What the module of a method defines: `TRAINING` in `alignment/methods/<name>.py`. It is imported when a round of the method runs."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from alignment.context import RoundContext, Trained
from alignment.contract.methods import METHODS, MethodName
from alignment.contract.snapshot import Snapshot
from alignment.models.memory_check import base_bytes, refuse_too_little

POLICY_METHODS: tuple[MethodName, ...] = tuple(
    name for name, method in METHODS.items() if method.trains_policy
)


def refuse_too_large(context: RoundContext, copies: int) -> None:
    """Raise RoundRefused where the base model does not fit into memory. How much more training needs depends on the texts."""
    refuse_too_little(copies * base_bytes(context.base_dir))


@dataclass(frozen=True, slots=True)
class Training:
    """`train` trains and keeps resumable state in the given folder. `batch` gives the number of examples per optimiser step, from the
    settings of the method and the snapshot; processes that train together share them evenly. `from_pairs`: the method learns from
    pairs like the held-out ones. `refuse` runs before all stages and raises RoundRefused where a prompt or the memory does not
    fit; it also gets the number of copies of the training that main memory has to hold."""

    train: Callable[[RoundContext, Path], Trained]
    batch: Callable[[Any, Snapshot], int]
    from_pairs: bool = True
    refuse: Callable[[RoundContext, int], None] = refuse_too_large


def training_of(method: MethodName) -> Training:
    """The training of a method that trains the chat model."""
    training: Training = import_module(f"alignment.methods.{method}").TRAINING
    return training
