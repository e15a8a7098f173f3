"""Settings of Kahneman-Tversky optimisation."""

from typing import Self

from pydantic import Field, model_validator

from alignment.contract.configs.online import OnlineConfig
from alignment.contract.configs.policy import Schedule, schedule_for


class KtoConfig(OnlineConfig):
    """Settings of Kahneman-Tversky optimisation (Ethayarajh et al. 2024). Defaults: docs/decisions/0015-methods.md."""

    max_scale: float = Field(
        1.0, gt=0, le=10, description="Scale that is tried first; 1: the update is only ever scaled down."
    )
    beta: float = Field(0.1, gt=0, le=10, description="Strength of the pull back to the base model.")
    epochs: float | None = Field(
        None,
        gt=0,
        le=50,
        description="Passes over the rated replies. None: as many as show 300 replies, but two to six.",
    )
    batch_size: int | None = Field(
        None,
        ge=2,
        le=1024,
        description="Rated replies per optimiser step. None: 8 below 200 replies, else 16.",
    )
    micro_batch_size: int = Field(
        4, ge=2, le=256, description="Rated replies per forward pass, over which the KL is estimated."
    )
    desirable_weight: float | None = Field(
        None, gt=0, le=100, description="Weight of good replies. None: what balances good and bad."
    )
    undesirable_weight: float | None = Field(
        None, gt=0, le=100, description="Weight of bad replies. None: what balances good and bad."
    )

    @model_validator(mode="after")
    def _estimates_kl(self) -> Self:
        if self.batch_size and self.schedule(1).micro_batch < 2:
            raise ValueError(
                "batch_size must have a divisor from 2 to micro_batch_size: one reply gives no KL"
            )
        return self

    def schedule(self, replies: int) -> Schedule:
        """Rate, batches and passes for so many rated replies: a pair is two."""
        batch = self.batch_size or (8 if replies < 200 else 16)
        return schedule_for(
            max(1, replies // 2), self.learning_rate, batch, self.micro_batch_size, self.epochs
        )
