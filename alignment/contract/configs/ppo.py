"""Settings of proximal policy optimisation."""

import math
from typing import Self

from pydantic import Field, model_validator

from alignment.contract.configs.policy import PolicyConfig


class PpoConfig(PolicyConfig):
    """Settings of PPO (Schulman et al. 2017) on replies (Ziegler et al. 2019, Ouyang et al. 2022)."""

    learning_rate: float = Field(1e-3, ge=1e-8, le=0.1, description="Peak learning rate of AdamW.")
    value_learning_rate: float = Field(
        1e-3, ge=1e-8, le=0.1, description="Peak learning rate of the value head."
    )
    episodes: int = Field(256, ge=1, le=10_000_000, description="Replies that are drawn and learned from.")
    rollout_size: int = Field(16, ge=1, le=65536, description="Replies drawn before each update.")
    minibatches: int = Field(2, ge=1, le=1024, description="Optimiser steps per pass over a rollout.")
    passes: int = Field(2, ge=1, le=100, description="Passes over each rollout.")
    micro_batch_size: int = Field(
        8, ge=1, le=1024, description="Replies per forward pass; smaller needs less memory."
    )
    max_new_tokens: int = Field(48, ge=1, le=8192, description="Longest reply that is drawn, in tokens.")
    temperature: float = Field(
        1.0,
        gt=0,
        le=10,
        description="Of sampling; the policy that is trained is the one at this temperature.",
    )
    kl_coef: float = Field(0.05, ge=0, le=100, description="Weight of the KL to the reference in the reward.")
    kl_target: float | None = Field(
        None,
        gt=0,
        le=10000,
        description="KL to the reference in nats per reply that kl_coef is adapted to; None: it stays.",
    )
    kl_horizon: int = Field(
        256, ge=1, le=10_000_000, description="Replies over which kl_coef follows the KL; shorter is quicker."
    )
    kl_stop: float | None = Field(
        0.1,
        gt=0,
        le=100,
        description="No more passes over a rollout once the policy moved this far from the one that drew it, in nats per token. None: never.",
    )
    clip_range: float = Field(0.2, gt=0, lt=10, description="How far the probability ratio pays.")
    value_clip_range: float = Field(0.2, gt=0, le=1000, description="How far a value may move per rollout.")
    value_coef: float = Field(0.1, ge=0, le=100, description="Weight of the value loss.")
    gamma: float = Field(1.0, gt=0, le=1, description="Discount per token.")
    lam: float = Field(0.95, ge=0, le=1, description="Lambda of generalised advantage estimation.")
    whiten_rewards: bool = Field(False, description="Divide rewards by their deviation in the rollout.")
    missing_end_penalty: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="Taken from the score of a reply that did not come to its end; scores deviate by 1 before training.",
    )
    ptx_coef: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="Weight of predicting CODELYNN_PRETRAINING_TEXTS beside (PPO-ptx), against forgetting. 0: not done.",
    )
    ptx_texts: int = Field(4, ge=1, le=1024, description="Texts that are predicted per optimiser step.")
    max_scale: float = Field(
        1.0,
        gt=0,
        le=10,
        description="Scale of the update that is tried first; 1: it is only ever scaled down.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.rollout_size % self.minibatches:
            raise ValueError(f"rollout_size must be a multiple of minibatches, which is {self.minibatches}")
        if self.episodes < self.rollout_size:
            raise ValueError(f"episodes must be at least rollout_size, which is {self.rollout_size}")
        if self.lora_dropout:
            raise ValueError(
                "lora_dropout must be 0: with dropout old and new probabilities cannot be compared"
            )
        if self.precision != "auto":
            raise ValueError(
                "precision must be auto: PPO computes in the precision that the base is loaded in"
            )
        if self.max_new_tokens >= self.max_length:
            raise ValueError("max_new_tokens must be below max_length, which counts the prompt too")
        return self

    @property
    def updates(self) -> int:
        """How often a rollout is drawn and learned from."""
        return self.episodes // self.rollout_size

    def rate(self, done: float) -> float:
        """The learning rate as a share of its peak, when `done` of the updates (0 to 1) are done."""
        if self.scheduler == "constant":
            return 1.0
        if done < self.warmup:
            # The first update already learns: it is half a step in.
            return (done * self.updates + 0.5) / (self.warmup * self.updates + 0.5)
        if self.scheduler == "constant_with_warmup":
            return 1.0
        left = (1 - done) / (1 - self.warmup)
        return left if self.scheduler == "linear" else 0.5 * (1 - math.cos(math.pi * left))
