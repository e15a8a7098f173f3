"""The settings of the training of a reward model."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

AUTO: Literal["auto"] = "auto"


class RewardConfig(BaseModel):
    """Settings of a reward model: LoRA (Hu et al. 2021) and a score head on the base model, trained on whole rankings
    (Ouyang et al. 2022, section 3.5)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)

    learning_rate: float = Field(2e-4, ge=1e-8, le=0.1, description="Peak learning rate of AdamW.")
    epochs: float = Field(2.0, gt=0, le=50, description="Passes over the training rankings.")
    batch_size: int = Field(8, ge=1, le=1024, description="Rankings per optimiser step.")
    max_length: int = Field(
        512, ge=16, le=131072, description="Longest prompt and reply together, in tokens."
    )
    margin: float = Field(
        0.0,
        ge=0,
        le=10,
        description="How much further apart the scores of replies are pushed for each place between them.",
    )
    ties: Literal["rao-kupper", "ignore"] = Field(
        "rao-kupper",
        description="Model of ties: a threshold that is learned too (Rao and Kupper 1967), or ties are left out.",
    )
    lora_r: int = Field(16, ge=1, le=512, description="Rank of the LoRA matrices.")
    lora_alpha: float = Field(32.0, gt=0, le=2048, description="LoRA scaling; the update counts alpha / r.")
    lora_dropout: float = Field(0.0, ge=0, lt=1, description="Dropout before the LoRA matrices.")
    lora_depth: float = Field(
        0.5, gt=0, le=1, description="Share of the layers, counted from the last, that are adapted."
    )
    warmup: float = Field(
        0.1, ge=0, lt=1, description="Share of the steps that the learning rate rises over."
    )
    weight_decay: float = Field(0.01, ge=0, le=1, description="AdamW's weight decay.")
    max_grad_norm: float = Field(1.0, gt=0, le=1000, description="Gradients are clipped to this norm.")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Arithmetic of training; auto: bf16 where that is quicker."
    )
    max_pairs: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        AUTO, description="Most rankings to train on; auto: as many as take about four hours here."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random in the training.")
