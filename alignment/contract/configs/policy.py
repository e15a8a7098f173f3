"""The settings that all methods for the chat model share: the adapter, the optimiser, and the gate."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from reward_model.config import AUTO as AUTO

FEW = 100
ENOUGH_SHOWN = 150


class PolicyConfig(BaseModel):
    """Settings that all methods share. The policy is the base model with a LoRA adapter (Hu et al. 2021)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)

    learning_rate: float = Field(4e-4, ge=1e-8, le=0.1, description="Peak learning rate of AdamW.")
    max_length: int = Field(
        768, ge=16, le=131072, description="Longest prompt and reply together, in tokens."
    )
    lora_r: int = Field(16, ge=1, le=512, description="Rank of the LoRA matrices.")
    lora_alpha: float = Field(32.0, gt=0, le=2048, description="LoRA scaling; the update counts alpha / r.")
    lora_dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the LoRA matrices.")
    lora_targets: tuple[str, ...] = Field(
        ("all-linear",), min_length=1, description="Names of the layers to adapt."
    )
    lora_depth: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of the layers, counted from the last, that are adapted; fewer train faster in less memory.",
    )
    warmup: float = Field(
        0.1, ge=0, lt=1, description="Share of the steps that the learning rate rises over."
    )
    scheduler: Literal["linear", "cosine", "constant", "constant_with_warmup"] = Field(
        "cosine", description="How the learning rate falls."
    )
    weight_decay: float = Field(0.0, ge=0, le=1, description="AdamW's weight decay.")
    max_grad_norm: float = Field(1.0, gt=0, le=1000, description="Gradients are clipped to this norm.")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Arithmetic of training; auto: bf16 where that is quicker."
    )
    perplexity_budget: float | None = Field(
        1.1,
        ge=1,
        le=10,
        description="After training the update is scaled until perplexity on each domain of the pack, as a share of the base's, is within this. None: never scaled.",
    )
    max_scale: float = Field(
        3.0,
        gt=0,
        le=10,
        description="Scale that is tried first; 1: the update is only ever scaled down, as with a parent.",
    )
    gate_prompts: int = Field(24, ge=1, le=10000, description="Held-out prompts that the gate answers.")
    gate_max_new_tokens: int = Field(80, ge=1, le=4096, description="Longest reply in the gate, in tokens.")
    max_pairs: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        AUTO,
        description="Most examples of a kind (pairs, ratings, demonstrations) to train on; auto: as many as take about four hours here.",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random in the round.")
    reward: bool = Field(False, description="Also train a reward model and use it in the quality checks.")
    sft_first: bool = Field(
        False, description="Train on demonstrations first; the method goes on from there and is held to it."
    )

    @model_validator(mode="after")
    def _leaves_the_head_alone(self) -> Self:
        if "lm_head" in self.lora_targets:
            raise ValueError("lora_targets may not name lm_head: an adapter there would not be trained")
        return self


@dataclass(frozen=True, slots=True)
class Schedule:
    """Peak learning rate, examples per optimiser step and per forward pass (the latter divides the former), and passes
    over the examples."""

    learning_rate: float
    batch: int
    micro_batch: int
    epochs: float


def schedule_for(
    examples: int, learning_rate: float, batch_size: int | None, micro_batch_size: int, epochs: float | None
) -> Schedule:
    """What is not given follows from the number of examples; docs/decisions/0006-dpo-defaults.md says what was tried."""
    batch = batch_size or (4 if examples < FEW else 8)
    passes = max(2.0, min(6.0, ENOUGH_SHOWN / max(examples, 1)))
    return Schedule(learning_rate, batch, micro_batch(batch, micro_batch_size), epochs or passes)


def micro_batch(batch: int, largest: int) -> int:
    """The largest divisor of the batch that is at most `largest`."""
    return max(size for size in range(1, min(batch, largest) + 1) if batch % size == 0)
