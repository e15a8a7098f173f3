"""REINFORCE leave-one-out of a LoRA adapter against our reward model, by TRL's RLOOTrainer.

RLOO (Ahmadian et al. 2024, arXiv 2402.14740): several replies to a prompt, each compared with the mean of the others.
"""

import math
from collections.abc import Callable, Collection, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from datasets.arrow_dataset import Dataset
from trl.trainer.rloo_config import RLOOConfig
from trl.trainer.rloo_trainer import RLOOTrainer

from alignment.context import RoundContext, Trained
from alignment.contract.configs.rloo import RlooConfig
from alignment.contract.snapshot import Messages, Snapshot
from alignment.gate.reward_judge import required_reward_folder
from alignment.methods.prompts import fitting_prompts, prompts_of
from alignment.methods.reward_scale import Draw, Score, in_units, measure_unit
from alignment.methods.training import Training
from alignment.methods.trl_common import (
    CHAT_TEMPLATE,
    ProgressCallback,
    arguments,
    fit,
    forget_incomplete,
    starting_model,
)
from alignment.models.chat_template import prompt_ids
from alignment.models.loading import Model
from alignment.models.memory_check import base_bytes, refuse_too_little
from alignment.models.sampling import Draw as Sampled
from alignment.models.sampling import draw_loaded, end_ids
from reward_model.fit import load_reward

RewardFunction = Callable[..., list[float | None]]


class BrokenReward(RuntimeError):
    """The reward model returns values that are not numbers."""


def rloo_batch(config: RlooConfig, snapshot: Snapshot) -> int:
    """Replies per optimiser step."""
    return config.schedule().batch


def train_rloo(context: RoundContext, folder: Path) -> Trained:
    """Train on fresh replies to the round's prompts, keeping resumable state in `folder`.

    Raises RoundRefused (no reward model, no prompt that fits), CorruptReward, BrokenReward, NothingLearned, Interrupted
    (state saved: call again to go on).
    """
    config, reward_dir = context.settings(RlooConfig), required_reward_folder(context)
    fitted, too_long = _prompts(context)
    context.events.emit("train", 0, 1, message="Loading the reward model", fraction=0.0)
    ends = end_ids(context.base_dir, context.tokenizer)
    score = load_reward(context.base_dir, reward_dir).score
    model, lora = starting_model(context)
    context.events.emit("train", 0, 1, message="Finding the unit of the reward", fraction=0.0)
    unit = measure_unit(fitted, _drawing(context, model, ends), score)
    reward = reward_function(in_units(score, unit), ends, config.missing_end_penalty)
    trainer = _trainer(context, (model, lora), fitted, reward, folder)
    numbers = {"prompts": len(fitted), "prompts_too_long": too_long, "reward_unit": unit}
    return fit(context, trainer, folder, numbers, reward_dir.name)


def refuse_rloo(context: RoundContext, copies: int) -> None:
    """Raise RoundRefused where no prompt fits, or the memory does not hold the base model twice (policy and reward model)."""
    _prompts(context)
    refuse_too_little(copies * 2 * base_bytes(context.base_dir))


def _prompts(context: RoundContext) -> tuple[list[Messages], int]:
    """The prompts that leave room for a reply, and how many do not. Raises RoundRefused."""
    config = context.settings(RlooConfig)
    prompts = prompts_of(context)
    fitting = fitting_prompts(context.tokenizer, prompts, config.max_length - config.max_new_tokens)
    return fitting, len(prompts) - len(fitting)


def reward_function(score: Score, ends: Collection[int] = (), penalty: float = 0.0) -> RewardFunction:
    """A reward function for TRL: one number per reply, minus `penalty` where its last token is none of `ends`. Raises BrokenReward
    at a NaN, which would otherwise train the model, and of which TRL would print the reply."""

    def reward_model(
        prompts: Sequence[list[dict[str, str]]],
        completions: Sequence[list[dict[str, str]]],
        completion_ids: Sequence[Sequence[int]] = (),
        **_: Any,
    ) -> list[float | None]:
        items = [
            (tuple(prompt), completion[0]["content"])
            for prompt, completion in zip(prompts, completions, strict=True)
        ]
        rewards = score(items)
        if not all(map(math.isfinite, rewards)):
            raise BrokenReward("the reward model gives rewards that are not numbers: train it again")
        if not penalty:
            return [*rewards]
        return [
            reward - penalty * (ids[-1] not in ends)
            for reward, ids in zip(rewards, completion_ids, strict=True)
        ]

    return reward_model


def _drawing(context: RoundContext, model: Model, ends: list[int]) -> Draw:
    settings = Sampled(context.settings(RlooConfig).max_new_tokens, context.seed)

    def draw(asked: Sequence[Messages]) -> list[str]:
        ids = [prompt_ids(context.tokenizer, messages) for messages in asked]
        replies = draw_loaded(model, ids, context.tokenizer, ends, settings)
        return [str(context.tokenizer.decode(reply, skip_special_tokens=True)) for reply in replies]

    return draw


def _trainer(
    context: RoundContext,
    start: tuple[Model, Any],
    prompts: Sequence[Messages],
    reward: RewardFunction,
    folder: Path,
) -> RLOOTrainer:
    forget_incomplete(folder)
    config = context.settings(RlooConfig)
    enough = islice(cycle(prompts), config.steps * config.prompts_per_step)
    return RLOOTrainer(
        model=start[0],
        reward_funcs=reward,
        args=_arguments(context, folder),
        train_dataset=Dataset.from_list([{"prompt": list(prompt)} for prompt in enough]),
        processing_class=context.tokenizer,
        peft_config=start[1],
        callbacks=[ProgressCallback(context, 0.0)],
    )


def _arguments(context: RoundContext, folder: Path) -> RLOOConfig:
    config = context.settings(RlooConfig)
    return RLOOConfig(
        **arguments(context, folder, config.schedule(), config.steps),
        max_steps=config.steps,
        beta=config.beta,
        num_generations=config.replies_per_prompt,
        max_completion_length=config.max_new_tokens,
        temperature=config.temperature,
        chat_template_kwargs=dict(CHAT_TEMPLATE),
        shuffle_dataset=False,  # the prompts come shuffled, each once before any twice
        disable_dropout=config.lora_dropout == 0,
        log_completions=False,
    )


TRAINING = Training(train_rloo, rloo_batch, from_pairs=False, refuse=refuse_rloo)
