"""What can be tuned in a round, and what each setting may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reward_model.config import RewardConfig

Method = Literal["dpo", "reward"]
Config = TypeVar("Config", bound=BaseModel)

FEW_PAIRS = 100
ENOUGH_SHOWN = 150


class RoundRefused(ValueError):
    """The round cannot start: its spec or its data is not usable. One line that says why, without any text of the data."""


class InvalidConfig(RoundRefused):
    """A setting that does not exist or has a value that is not allowed."""


LossName = Literal[
    "sigmoid", "sigmoid_norm", "hinge", "ipo", "robust", "exo_pair", "nca_pair", "bco_pair",
    "sppo_hard", "aot", "aot_unpaired", "apo_zero", "apo_down", "discopop", "sft",
]  # fmt: skip


class DpoConfig(BaseModel):
    """Settings of direct preference optimisation (Rafailov et al. 2023) with LoRA (Hu et al. 2021)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    learning_rate: float = Field(
        4e-4,
        ge=1e-8,
        le=0.1,
        description="Peak learning rate of AdamW.",
    )
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
    max_length: int = Field(
        768, ge=16, le=131072, description="Longest prompt and reply together, in tokens."
    )
    loss: tuple[LossName, ...] = Field(("sigmoid",), min_length=1, description="TRL loss types, added up.")
    loss_weights: tuple[float, ...] = Field(
        (), description="One weight per loss; empty: each counts the same."
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=0.5, description="Share of votes taken to be slips (robust, exo_pair)."
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
        "auto", description="Arithmetic of training; auto: bf16 where the processor has it."
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
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random in the round.")
    reward: bool = Field(False, description="Train a reward model first; it speaks in the gate.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.loss_weights and len(self.loss_weights) != len(self.loss):
            raise ValueError(f"loss_weights needs one weight per loss, that is {len(self.loss)}")
        if "exo_pair" in self.loss and self.label_smoothing == 0:
            raise ValueError("label_smoothing must be above 0 with the loss exo_pair (1e-3 is usual)")
        if "lm_head" in self.lora_targets:
            raise ValueError("lora_targets may not name lm_head: TRL's DPO never trains an adapter there")
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


def dpo_config(overrides: Mapping[str, Any]) -> DpoConfig:
    """The defaults with `overrides`. Raises InvalidConfig: one line with the field and what is allowed."""
    return _checked(DpoConfig, overrides)


def reward_config(overrides: Mapping[str, Any]) -> RewardConfig:
    """The same for a reward model. Raises InvalidConfig."""
    return _checked(RewardConfig, overrides)


def round_config(method: str, overrides: Mapping[str, Any]) -> DpoConfig | RewardConfig:
    """The settings of a round of this method. Raises InvalidConfig."""
    match method:
        case "dpo":
            return dpo_config(overrides)
        case "reward":
            return reward_config(overrides)
        case _:
            raise InvalidConfig(f"method: there is no {method!r}; there are: {', '.join(get_args(Method))}")


def _checked(kind: type[Config], overrides: Mapping[str, Any]) -> Config:
    try:
        return kind.model_validate(dict(overrides))
    except ValidationError as error:
        raise InvalidConfig(_first_problem(kind, error)) from None


def _first_problem(kind: type[BaseModel], error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"there is no setting {field!r}; there are: {', '.join(kind.model_fields)}"
    message = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return f"{field}: {message}" if field else message
