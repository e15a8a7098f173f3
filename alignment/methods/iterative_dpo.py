"""Going on with fresh replies: the stage that draws them from the policy as it is and ranks them, and what the training
after it gets.

Each repetition is two stages, `draw-1` and `train-1`, then `draw-2` and so on. Where training starts moves on from one to
the next; the reference stays that of the first training.
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
from alignment.gate.reward_judge import teacher_folder
from alignment.methods.on_policy_pairs import Answered, Scored, asked, fresh_pairs, told
from alignment.methods.ppo.experience import Diverged
from alignment.methods.ppo.model import ActorCritic
from alignment.methods.ppo.rollout import Reply, Sampling, draw_replies
from alignment.methods.prompts import fitting_prompts, prompts_of
from alignment.methods.reward_scale import Score, deviation
from alignment.models.chat_template import prompt_ids
from alignment.models.sampling import BATCH, end_ids

PAIRS_FILE = "pairs.json"
TEMPERATURE = 1.0
"""The policy's own distribution, as RLOO and PPO draw: what is ranked is what is trained."""


class NoFreshPairs(RuntimeError):
    """Nothing can be learned from the replies that were drawn."""


def online_prompts(work: RoundContext) -> list[Messages]:
    """What may be asked: the prompts that other methods draw replies to, and that leave room for one. Raises RoundRefused."""
    config = work.spec.settings(OnlineConfig)
    longest = config.max_length - config.online_max_new_tokens
    return fitting_prompts(work.tokenizer, prompts_of(work.spec, work.snapshot), longest)


def refuse_unusable(work: RoundContext) -> None:
    """Raise RoundRefused or CorruptReward before the policy is trained where no reply could be drawn or ranked later."""
    if not work.spec.repeats:
        return
    online_prompts(work)
    if not work.spec.policy.reward or is_complete(work.stage_dir("reward")):
        teacher_folder(work.spec)


def draw_fresh(work: RoundContext) -> None:
    """The stage `draw-N`: fresh replies of the policy as it is, ranked, and the pairs they make.

    Raises RoundRefused, CorruptReward, Diverged, NoFreshPairs, Interrupted.
    """
    config, folder = work.spec.settings(OnlineConfig), work.stage_dir(work.drawing)
    work.events.emit(work.drawing, 0, 1, message="Loading the policy and the reward model", fraction=0.0)
    prompts = asked(online_prompts(work), work.repeat, config.online_prompts)
    answered = _answered(work, prompts)
    gc.collect()  # the policy's memory is needed by the training that follows
    unit = deviation([[reply.reward for reply in each.replies if reply.ended] for each in answered])
    pairs = fresh_pairs(answered, config.online_margin * unit)
    measured = told(answered, pairs)
    work.events.emit(work.drawing, 1, 1, measured, f"{len(pairs)} pairs from {len(answered)} prompts")
    if not pairs:
        raise NoFreshPairs(_why_none(measured, work.repeat))
    write_json(folder / PAIRS_FILE, [asdict(pair) for pair in pairs])
    teacher = teacher_folder(work.spec).name
    complete_stage(
        folder,
        FreshPairsManifest(len(answered), len(pairs), teacher, file_hash(folder / PAIRS_FILE), measured),
    )


def with_fresh(work: RoundContext) -> RoundContext:
    """The work of the training in a repetition: beside the pairs of people all fresh ones so far, as Xiong et al. 2024
    train on the whole history. Raises InvalidSnapshot."""
    fresh = [
        pair
        for number in range(1, work.repeat + 1)
        for pair in _drawn_pairs(replace(work, repeat=number).drawing, work)
    ]
    return replace(work, snapshot=replace(work.snapshot, train=(*work.snapshot.train, *fresh)))


def _drawn_pairs(drawing: str, work: RoundContext) -> list[Pair]:
    folder = work.stage_dir(drawing)
    if read_fresh_pairs(folder).pairs_hash != file_hash(folder / PAIRS_FILE):
        raise InvalidSnapshot(
            f"the fresh pairs of {drawing} changed since they were drawn: queue a new round"
        )
    rows = read_json(folder / PAIRS_FILE)
    return [Pair(tuple(row["prompt"]), row["chosen"], row["rejected"]) for row in rows]


def _answered(work: RoundContext, prompts: Sequence[Messages]) -> list[Answered]:
    """Each prompt with its replies, drawn and scored by adapters on one base, some prompts at a time."""
    config, current = work.spec.settings(OnlineConfig), work.current
    actor = ActorCritic(work.spec.base_dir, work.tokenizer, config, current)
    score = _scoring(work, actor)
    size = max(1, BATCH // config.online_candidates)
    found: list[Answered] = []
    for begin in range(0, len(prompts), size):
        work.stop.check()
        found += _batch(work, actor, score, prompts[begin : begin + size], begin)
        work.events.emit(work.drawing, len(found), len(prompts), fraction=0.99 * len(found) / len(prompts))
    return found


def _scoring(work: RoundContext, actor: ActorCritic) -> Score:
    """Raises RoundRefused, CorruptReward."""
    teacher = teacher_folder(work.spec)
    try:
        return actor.add_reward(work.tokenizer, teacher)
    except (OSError, ValueError):
        raise RoundRefused(
            f"the reward model {teacher.name} does not fit this base model: train it again"
        ) from None


def _batch(
    work: RoundContext, actor: ActorCritic, score: Score, prompts: Sequence[Messages], place: int
) -> list[Answered]:
    """Its chance depends on the seed, the repetition and the place of its first prompt alone."""
    spec, config = work.spec, work.spec.settings(OnlineConfig)
    count = config.online_candidates
    generator = torch.Generator(actor.device).manual_seed(
        (spec.seed * 1_009 + work.repeat) * 1_000_003 + place
    )
    rows = [prompt for prompt in prompts for _ in range(count)]
    replies = draw_replies(
        actor,
        [tuple(prompt_ids(work.tokenizer, prompt)) for prompt in rows],
        end_ids(spec.base_dir, work.tokenizer),
        Sampling(config.online_max_new_tokens, TEMPERATURE, actor.device),
        generator,
    )
    scored = _scored(work, rows, replies, score)
    return [
        Answered(prompt, tuple(scored[number * count : (number + 1) * count]))
        for number, prompt in enumerate(prompts)
    ]


def _scored(
    work: RoundContext, prompts: Sequence[Messages], replies: Sequence[Reply], score: Score
) -> list[Scored]:
    texts = [str(work.tokenizer.decode(list(reply.ids), skip_special_tokens=True)) for reply in replies]
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
