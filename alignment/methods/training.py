"""What a method's module gives: `TRAINING` in `alignment/methods/<name>.py`, imported when a round of it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from alignment.context import RoundContext, Trained
from alignment.contract.methods import METHODS, MethodName
from alignment.contract.snapshot import Snapshot
from alignment.contract.spec import RoundSpec
from alignment.models.memory_check import refuse_too_large

POLICY_METHODS: tuple[MethodName, ...] = tuple(
    name for name, method in METHODS.items() if method.trains_policy
)


@dataclass(frozen=True, slots=True)
class Training:
    """`train` keeps resumable state in the folder it is given. `batch` is how many examples an optimiser step learns from; the
    processes that train together share them evenly. `from_pairs`: it learns from pairs like the held-out ones. `refuse` raises
    RoundRefused for what only the tokenizer and this machine tell, before any stage runs; it is told how many times main
    memory will have to hold the training."""

    train: Callable[[RoundContext, Path], Trained]
    batch: Callable[[RoundSpec, Snapshot], int]
    from_pairs: bool = True
    refuse: Callable[[RoundContext, int], None] = refuse_too_large


def training_of(method: MethodName) -> Training:
    """How a method that trains the chat model does it."""
    training: Training = import_module(f"alignment.methods.{method}").TRAINING
    return training
