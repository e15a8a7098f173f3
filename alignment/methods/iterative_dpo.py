"""Training again on fresh (on-policy) replies, as iterative DPO does.

Each repetition has two stages, `draw-1` and `train-1`, then `draw-2` and so on. The first samples replies from the current policy, ranks
them with the reward model and makes pairs; the second trains on them. Training continues from the adapter before; the reference stays
that of the first training.
"""

import gc
import math
from collections.abc import Sequence
from dataclasses import asdict, replace

import torch

from alignment.context import RoundContext
from alignment.contract.configs.online import OnlineConfig
from alignment.contract.errors import InvalidSnapshot, RoundRefused
from alignment.contract.files import file_hash, read_json, write_json
from alignment.contract.manifests.stage import (
    FreshPairsManifest,
    complete_stage,
    is_complete,
    read_fresh_pairs,
)
from alignment.contract.snapshot import Messages, Pair
from alignment.gate.reward_judge import required_reward_folder
from alignment.methods.on_policy_pairs import Answered, Scored, fresh_pairs, measurements, prompts_of_repeat
from alignment.methods.ppo.experience import Diverged
from alignment.methods.ppo.model import ActorCritic
from alignment.methods.ppo.rollout import Reply, Sampling, draw_replies
from alignment.methods.prompts import fitting_prompts, prompts_of
from alignment.methods.reward_scale import Score, deviation
from alignment.models.chat_template import prompt_ids
from alignment.models.sampling import BATCH, end_ids

PAIRS_FILE = "pairs.json"
TEMPERATURE = 1.0
"""Samples from the policy itself, as RLOO and PPO do."""


class NoFreshPairs(RuntimeError):
    """The fresh replies gave no pair to learn from."""


def online_prompts(context: RoundContext) -> list[Messages]:
    """The prompts of the round that leave room for a reply. Raises RoundRefused."""
    config = context.settings(OnlineConfig)
    longest = config.max_length - config.online_max_new_tokens
    return fitting_prompts(context.tokenizer, prompts_of(context), longest)


def refuse_unusable(context: RoundContext) -> None:
    """Raise RoundRefused or CorruptReward, before the policy is trained, where replies could later not be sampled or ranked."""
    if not context.repeats:
        return
    online_prompts(context)
    if not context.policy.reward or is_complete(context.stage_dir("reward")):
        required_reward_folder(context)


def draw_fresh(context: RoundContext) -> None:
    """The stage `draw-N`: sample replies from the current policy, rank them, and write the pairs.

    Raises RoundRefused, CorruptReward, Diverged, NoFreshPairs, Interrupted.
    """
    config, folder = context.settings(OnlineConfig), context.stage_dir(context.drawing)
    context.events.emit(
        context.drawing, 0, 1, message="Loading the policy and the reward model", fraction=0.0
    )
    prompts = prompts_of_repeat(online_prompts(context), context.repeat, config.online_prompts)
    answered = _answered(context, prompts)
    gc.collect()  # the policy's memory is needed by the training that follows
    unit = deviation([[reply.reward for reply in each.replies if reply.ended] for each in answered])
    pairs = fresh_pairs(answered, config.online_margin * unit)
    measured = measurements(answered, pairs)
    context.events.emit(context.drawing, 1, 1, measured, f"{len(pairs)} pairs from {len(answered)} prompts")
    if not pairs:
        raise NoFreshPairs(_why_none(measured, context.repeat))
    write_json(folder / PAIRS_FILE, [asdict(pair) for pair in pairs])
    reward_model = required_reward_folder(context).name
    complete_stage(
        folder,
        FreshPairsManifest(len(answered), len(pairs), reward_model, file_hash(folder / PAIRS_FILE), measured),
    )


def with_fresh(context: RoundContext) -> RoundContext:
    """The context of the training in a repetition: its snapshot has the pairs of people and all fresh pairs so far (Xiong et al. 2024 train
    on the whole history). Raises InvalidSnapshot."""
    fresh = [
        pair
        for number in range(1, context.repeat + 1)
        for pair in _drawn_pairs(replace(context, repeat=number).drawing, context)
    ]
    return replace(context, snapshot=replace(context.snapshot, train=(*context.snapshot.train, *fresh)))


def _drawn_pairs(drawing: str, context: RoundContext) -> list[Pair]:
    folder = context.stage_dir(drawing)
    if read_fresh_pairs(folder).pairs_hash != file_hash(folder / PAIRS_FILE):
        raise InvalidSnapshot(
            f"the fresh pairs of {drawing} changed since they were drawn: queue a new round"
        )
    rows = read_json(folder / PAIRS_FILE)
    return [Pair(tuple(row["prompt"]), row["chosen"], row["rejected"]) for row in rows]


def _answered(context: RoundContext, prompts: Sequence[Messages]) -> list[Answered]:
    """Each prompt with its replies, sampled and scored in batches by adapters on one base model."""
    config, current = context.settings(OnlineConfig), context.current
    actor = ActorCritic(context.base_dir, context.tokenizer, config, current)
    score = _scoring(context, actor)
    size = max(1, BATCH // config.online_candidates)
    answered: list[Answered] = []
    for begin in range(0, len(prompts), size):
        context.stop.check()
        answered += _batch(context, actor, score, prompts[begin : begin + size], begin)
        context.events.emit(
            context.drawing, len(answered), len(prompts), fraction=0.99 * len(answered) / len(prompts)
        )
    return answered


def _scoring(context: RoundContext, actor: ActorCritic) -> Score:
    """Raises RoundRefused, CorruptReward."""
    reward_dir = required_reward_folder(context)
    try:
        return actor.add_reward(context.tokenizer, reward_dir)
    except (OSError, ValueError):
        raise RoundRefused(
            f"the reward model {reward_dir.name} does not fit this base model: train it again"
        ) from None


def _batch(
    context: RoundContext, actor: ActorCritic, score: Score, prompts: Sequence[Messages], place: int
) -> list[Answered]:
    """The samples depend only on the seed, the repetition and the place of the first prompt."""
    config = context.settings(OnlineConfig)
    count = config.online_candidates
    generator = torch.Generator(actor.device).manual_seed(
        (context.seed * 1_009 + context.repeat) * 1_000_003 + place
    )
    rows = [prompt for prompt in prompts for _ in range(count)]
    replies = draw_replies(
        actor,
        [tuple(prompt_ids(context.tokenizer, prompt)) for prompt in rows],
        end_ids(context.base_dir, context.tokenizer),
        Sampling(config.online_max_new_tokens, TEMPERATURE, actor.device),
        generator,
    )
    scored = _scored(context, rows, replies, score)
    return [
        Answered(prompt, tuple(scored[number * count : (number + 1) * count]))
        for number, prompt in enumerate(prompts)
    ]


def _scored(
    context: RoundContext, prompts: Sequence[Messages], replies: Sequence[Reply], score: Score
) -> list[Scored]:
    texts = [str(context.tokenizer.decode(list(reply.ids), skip_special_tokens=True)) for reply in replies]
    rewards = score(list(zip(prompts, texts, strict=True)))
    if not all(map(math.isfinite, rewards)):
        raise Diverged("the reward model gives scores that are not numbers: train it again")
    return [
        Scored(text, reward, len(reply.ids), reply.ended)
        for text, reward, reply in zip(texts, rewards, replies, strict=True)
    ]


def _why_none(measured: dict[str, float], repeat: int) -> str:
    if measured["drawn/ended"] < 0.5:
        return (
            f"repetition {repeat}: no pair to learn from, since {1 - measured['drawn/ended']:.0%} of the replies were cut: "
            "queue a round with a higher online_max_new_tokens"
        )
    return (
        f"repetition {repeat}: no two replies to a prompt differ enough for the reward model: "
        "queue a round with a lower online_margin, more online_prompts or fewer online_repeats"
    )
