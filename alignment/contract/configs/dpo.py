"""Settings of direct preference optimisation."""

from typing import Literal, Self

from pydantic import Field, model_validator

from alignment.contract.configs.online import OnlineConfig
from alignment.contract.configs.policy import Schedule, schedule_for

LossName = Literal[
    "sigmoid", "sigmoid_norm", "hinge", "ipo", "robust", "exo_pair", "nca_pair", "bco_pair",
    "sppo_hard", "aot", "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft",
]  # fmt: skip


class DpoConfig(OnlineConfig):
    """Settings of direct preference optimisation (Rafailov et al. 2023).

    The loss is that of anchored preference optimisation (D'Oosterlinck et al. 2024, arXiv 2408.06266): chosen replies
    become likelier, where the sigmoid may make both less likely (docs/decisions/0006-dpo-defaults.md).
    """

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
    loss: tuple[LossName, ...] = Field(
        ("apo_zero",), min_length=1, description="TRL loss types, added up; sigmoid is the paper's."
    )
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

    def schedule(self, pairs: int) -> Schedule:
        """Rate, batches and passes for so many pairs."""
        return schedule_for(pairs, self.learning_rate, self.batch_size, self.micro_batch_size, self.epochs)
