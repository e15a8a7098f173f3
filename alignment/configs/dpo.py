"""Settings of direct preference optimisation."""

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from alignment.configs.policy import PolicyConfig

FEW_PAIRS = 100
ENOUGH_SHOWN = 150

LossName = Literal[
    "sigmoid", "sigmoid_norm", "hinge", "ipo", "robust", "exo_pair", "nca_pair", "bco_pair",
    "sppo_hard", "aot", "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft",
]  # fmt: skip


class DpoConfig(PolicyConfig):
    """Settings of direct preference optimisation (Rafailov et al. 2023)."""

    beta: float = Field(0.1, gt=0, le=10, description="Strength of the pull back to the base model.")
    epochs: float | None = Field(
        None,
        gt=0,
        le=50,
        description="Passes over the training pairs. None: as many as show 150 pairs, but two to six.",
    )
    batch_size: int | None = Field(
        None, ge=1, le=1024, description="Pairs per optimiser step. None: 4 below 100 pairs, else 8."
    )
    micro_batch_size: int = Field(
        2, ge=1, le=256, description="Pairs per forward pass; smaller needs less memory."
    )
    loss: tuple[LossName, ...] = Field(("sigmoid",), min_length=1, description="TRL loss types, added up.")
    loss_weights: tuple[float, ...] = Field(
        (), description="One weight per loss; empty: each counts the same."
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=0.5, description="Share of votes taken to be slips (robust, exo_pair)."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.loss_weights and len(self.loss_weights) != len(self.loss):
            raise ValueError(f"loss_weights needs one weight per loss, that is {len(self.loss)}")
        if "exo_pair" in self.loss and self.label_smoothing == 0:
            raise ValueError("label_smoothing must be above 0 with the loss exo_pair (1e-3 is usual)")
        return self

    def schedule(self, pairs: int) -> "Schedule":
        """Rate, batches and passes for so many pairs; docs/decisions/0006-dpo-defaults.md says what was tried."""
        few = pairs < FEW_PAIRS
        batch = self.batch_size or (4 if few else 8)
        sizes = range(1, min(batch, self.micro_batch_size) + 1)
        micro = max(size for size in sizes if batch % size == 0)
        passes = max(2.0, min(6.0, ENOUGH_SHOWN / max(pairs, 1)))
        return Schedule(self.learning_rate, batch, micro, self.epochs or passes)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Peak learning rate, pairs per optimiser step and per forward pass (the latter divides the former), and passes
    over the pairs."""

    learning_rate: float
    batch: int
    micro_batch: int
    epochs: float
