"""The training stage of a PPO round: the checks before it, the training, and its progress on disk and in events."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean

import torch
from transformers import AutoConfig

from alignment.checkpoints.registry import tensors_hash
from alignment.context import RoundContext, Trained
from alignment.contract.configs.ppo import PpoConfig
from alignment.contract.errors import RoundRefused
from alignment.contract.manifests.stage import TrainingFacts
from alignment.contract.snapshot import Messages, Snapshot
from alignment.gate.evaluation import text_completion
from alignment.gate.reward_judge import required_reward_folder
from alignment.methods.ppo.experience import Prompt, Source
from alignment.methods.ppo.model import ActorCritic
from alignment.methods.ppo.rollout import Sampling, draw_replies
from alignment.methods.ppo.state import load_progress, save_progress
from alignment.methods.ppo.training import Ppo
from alignment.methods.prompts import fitting_prompts, prompts_of
from alignment.methods.reward_scale import in_units, measure_unit
from alignment.methods.training import Training
from alignment.models import adapter
from alignment.models.chat_template import Completion, Tokenizer, prompt_ids
from alignment.models.memory_check import base_bytes, refuse_too_little
from alignment.models.sampling import end_ids


def ppo_batch(config: PpoConfig, snapshot: Snapshot) -> int:
    """Replies per optimiser step."""
    return config.rollout_size // config.minibatches


def train_ppo(context: RoundContext, folder: Path) -> Trained:
    """Train against the round's reward model, keeping resumable state in `folder`. The same seed gives the same adapter on the
    same machine with as many processes, also where the training was stopped in between.

    Raises RoundRefused (no reward model, no prompt that fits), NothingLearned, Diverged, Interrupted.
    """
    config, reward_dir = context.settings(PpoConfig), required_reward_folder(context)
    prompts, too_long = _prompts(context)
    ppo, unit = _learner(context, config, reward_dir, prompts)
    before = adapter.weights(ppo.actor.model)
    trainable = adapter.trainable_parameters(ppo.actor.model)
    _run(context, ppo, folder)
    after = adapter.weights(ppo.actor.model)
    last = max(1, len(ppo.progress.scores) // 10)
    numbers = {
        "prompts": len(prompts),
        "prompts_too_long": too_long,
        "episodes": config.updates * config.rollout_size,
        "steps": config.updates,
        "reward_unit": unit,
        "score_before": ppo.progress.baseline,
        "score": fmean(ppo.progress.scores[-last:]),
        "kl": fmean(ppo.progress.kls[-last:]),
        "trainable_parameters": trainable,
        "update_norm": round(adapter.change(before, after), 6),
    }
    facts = TrainingFacts(tensors_hash(before), numbers, reward_dir.name)
    return Trained(after, ppo.actor.model.peft_config["default"], facts)


def refuse_ppo(context: RoundContext, copies: int) -> None:
    """Raise RoundRefused where no prompt fits or memory is short, before a reward model is trained for this round."""
    prompts, _ = _prompts(context)
    longest = max(len(prompt.ids) for prompt in prompts)
    refuse_too_little(copies * expected_bytes(context.base_dir, context.settings(PpoConfig), longest))


def _prompts(context: RoundContext) -> tuple[list[Prompt], int]:
    """The prompts that leave room for a reply, and how many do not. Raises RoundRefused."""
    config = context.settings(PpoConfig)
    every = prompts_of(context)
    fitting = fitting_prompts(context.tokenizer, every, config.max_length - config.max_new_tokens)
    prompts = [Prompt(messages, tuple(prompt_ids(context.tokenizer, messages))) for messages in fitting]
    return prompts, len(every) - len(prompts)


def expected_bytes(base_dir: Path, config: PpoConfig, longest: int) -> float:
    """A rough upper estimate of the memory that training needs: the base model, the activations of a forward pass, and the cache of
    a rollout."""
    model = AutoConfig.from_pretrained(base_dir, local_files_only=True).get_text_config()
    length = longest + config.max_new_tokens
    logits = 4.0 * config.micro_batch_size * config.max_new_tokens * model.vocab_size
    layer = 4.0 * config.micro_batch_size * length * (8 * model.hidden_size + 4 * model.intermediate_size)
    heads = model.num_key_value_heads * (model.hidden_size // model.num_attention_heads)
    cache = 8.0 * config.rollout_size * length * heads * model.num_hidden_layers
    return float(
        base_bytes(base_dir) + 4 * logits + layer * model.num_hidden_layers * config.lora_depth + 2 * cache
    )


def pretraining_texts(context: RoundContext, config: PpoConfig) -> list[Completion]:
    """The texts that PPO-ptx predicts as well; empty where `ptx_coef` is 0. Raises RoundRefused."""
    if config.ptx_coef == 0:
        return []
    file = context.packs.pretraining
    if file is None:
        raise RoundRefused(
            "ptx_coef is above 0 and there is no file of texts: set CODELYNN_PRETRAINING_TEXTS"
        )
    try:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        texts = [text_completion(context.tokenizer, json.loads(line)["text"]) for line in lines]
    except (OSError, ValueError, KeyError, TypeError):
        raise RoundRefused(f"{file.name} cannot be read: each line needs a text") from None
    if not any(len(text.ids) > 1 for text in texts):
        raise RoundRefused(f"{file.name} holds no text to learn from")
    return [text for text in texts if len(text.ids) > 1]


def _learner(
    context: RoundContext, config: PpoConfig, reward_dir: Path, prompts: Sequence[Prompt]
) -> tuple[Ppo, float]:
    """The optimiser, and the unit that rewards are counted in. Raises RoundRefused."""
    texts = pretraining_texts(context, config)
    torch.manual_seed(context.seed)  # a resumed round gets the same random LoRA matrices
    actor = ActorCritic(context.base_dir, context.tokenizer, config, context.parent_adapter)
    try:
        score = actor.add_reward(context.tokenizer, reward_dir)
    except (OSError, ValueError):
        raise RoundRefused(
            f"the reward model {reward_dir.name} does not fit this base model: train it again"
        ) from None
    ends = end_ids(context.base_dir, context.tokenizer)
    decode = _decoder(context.tokenizer)
    context.events.emit("train", 0, config.updates, message="Finding the unit of the reward", fraction=0.0)

    def draw(asked: Sequence[Messages]) -> list[str]:
        sampling = Sampling(config.max_new_tokens, config.temperature, actor.device)
        chance = torch.Generator(actor.device).manual_seed(context.seed)
        ids = [tuple(prompt_ids(context.tokenizer, messages)) for messages in asked]
        return [decode(reply.ids) for reply in draw_replies(actor, ids, ends, sampling, chance)]

    unit = measure_unit([prompt.messages for prompt in prompts], draw, score)
    source = Source(prompts, in_units(score, unit), decode, ends, context.seed)
    return Ppo(actor, config, source, texts, context.ranks), unit


def _decoder(tokenizer: Tokenizer) -> Callable[[Sequence[int]], str]:
    return lambda ids: str(tokenizer.decode(list(ids), skip_special_tokens=True))


def _run(context: RoundContext, ppo: Ppo, folder: Path) -> None:
    """All updates that are not done yet. A stop loses at most the update in which it comes."""
    folder.mkdir(parents=True, exist_ok=True)
    if saved := load_progress(folder, ppo.optimizer):
        ppo.restore(*saved)
    total = ppo.config.updates
    context.events.emit("train", ppo.progress.updates, total, message="Drawing and judging replies")
    while ppo.progress.updates < total:
        metrics = ppo.update(_reporter(context, ppo.progress.updates, total))
        with context.stop.deferred():
            if context.ranks.first:
                save_progress(folder, ppo.progress, ppo.weights(), ppo.optimizer)
            context.events.emit("train", ppo.progress.updates, total, metrics)


def _reporter(context: RoundContext, done: int, total: int) -> Callable[[float], None]:
    """Reports the progress within an update, which may take a minute."""

    def report(share: float) -> None:
        context.events.emit("train", done, total, fraction=(done + min(share, 0.99)) / total)

    return report


TRAINING = Training(train_ppo, ppo_batch, from_pairs=False, refuse=refuse_ppo)
