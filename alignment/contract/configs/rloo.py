"""Settings of REINFORCE leave-one-out."""

from typing import Self

from pydantic import Field, model_validator

from alignment.contract.configs.policy import PolicyConfig, Schedule, micro_batch


class RlooConfig(PolicyConfig):
    """Settings of REINFORCE leave-one-out (Ahmadian et al. 2024). Defaults: docs/decisions/0015-methods.md."""

    learning_rate: float = Field(1e-3, ge=1e-8, le=0.1, description="Peak learning rate of AdamW.")
    max_scale: float = Field(
        1.0, gt=0, le=10, description="Scale that is tried first; 1: the update is only ever scaled down."
    )
    beta: float = Field(0.05, ge=0, le=10, description="Weight of the KL from the base model in the reward.")
    steps: int = Field(24, ge=1, le=100_000, description="Optimiser steps, each on fresh replies.")
    prompts_per_step: int = Field(4, ge=1, le=1024, description="Prompts per step.")
    replies_per_prompt: int = Field(
        4, ge=2, le=64, description="Replies to each prompt; each is compared with the mean of the others."
    )
    max_new_tokens: int = Field(48, ge=4, le=4096, description="Longest reply, in tokens.")
    temperature: float = Field(1.0, gt=0, le=2, description="Temperature that the replies are drawn at.")
    missing_end_penalty: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="Taken from the reward of a reply that did not come to its end; rewards deviate by 1 before training.",
    )
    micro_batch_size: int = Field(
        4, ge=1, le=256, description="Replies per forward pass of the update; smaller needs less memory."
    )

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        if self.max_new_tokens >= self.max_length:
            raise ValueError("max_new_tokens must be below max_length, which holds the prompt too")
        return self

    def schedule(self) -> Schedule:
        """The batch is that of one step: all replies to its prompts."""
        batch = self.prompts_per_step * self.replies_per_prompt
        return Schedule(self.learning_rate, batch, micro_batch(batch, self.micro_batch_size), 1.0)
