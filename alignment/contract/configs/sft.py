"""Settings of supervised fine-tuning."""

from typing import Self

from pydantic import Field, model_validator

from alignment.contract.configs.policy import PolicyConfig, Schedule, schedule_for


class SftConfig(PolicyConfig):
    """Settings of supervised fine-tuning on demonstrations. Defaults: docs/decisions/0015-methods.md."""

    learning_rate: float = Field(2e-4, ge=1e-8, le=0.1, description="Peak learning rate of AdamW.")
    max_scale: float = Field(
        1.0, gt=0, le=10, description="Scale that is tried first; 1: the update is only ever scaled down."
    )
    epochs: float | None = Field(
        None,
        gt=0,
        le=50,
        description="Passes over the demonstrations. None: as many as show 150, but two to six.",
    )
    batch_size: int | None = Field(
        None, ge=1, le=1024, description="Demonstrations per optimiser step. None: 4 below 100, else 8."
    )
    micro_batch_size: int = Field(
        2, ge=1, le=256, description="Demonstrations per forward pass; smaller needs less memory."
    )

    @model_validator(mode="after")
    def _is_first_itself(self) -> Self:
        if self.sft_first:
            raise ValueError("sft_first is for the other methods: this round trains on demonstrations anyway")
        return self

    def schedule(self, demonstrations: int) -> Schedule:
        """Rate, batches and passes for so many demonstrations."""
        return schedule_for(
            demonstrations, self.learning_rate, self.batch_size, self.micro_batch_size, self.epochs
        )
