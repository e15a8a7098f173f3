"""Settings of training again on fresh replies, for the methods that learn from pairs."""

from typing import Self

from pydantic import Field, model_validator

from alignment.contract.configs.policy import PolicyConfig


class OnlineConfig(PolicyConfig):
    """After the training on people's pairs: draw, let the reward model rank, train again (Xiong et al. 2024, arXiv
    2312.11456; Guo et al. 2024, arXiv 2402.04792). Defaults: docs/decisions/0019-online.md."""

    online_repeats: int = Field(
        0,
        ge=0,
        le=20,
        description="How often to go on with fresh replies that the reward model ranks. 0: people's pairs alone.",
    )
    online_prompts: int = Field(
        48, ge=1, le=10_000, description="Prompts that are replied to in each repetition."
    )
    online_candidates: int = Field(
        4, ge=2, le=64, description="Replies to each prompt, of which the best meets the worst."
    )
    online_max_new_tokens: int = Field(
        128,
        ge=4,
        le=4096,
        description="Longest reply that is drawn, in tokens; one that is cut there is let go.",
    )
    online_margin: float = Field(
        0.5,
        ge=0,
        le=100,
        description="Best and worst must differ by this reward to be a pair, in standard deviations of the replies to a prompt.",
    )

    @model_validator(mode="after")
    def _leaves_room_for_replies(self) -> Self:
        if self.online_repeats and self.online_max_new_tokens >= self.max_length:
            raise ValueError("online_max_new_tokens must be below max_length, which holds the prompt too")
        return self
