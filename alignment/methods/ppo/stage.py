"""The training stage of a PPO round: what it asks and refuses, its progress on disk and in events."""

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
from alignment.contract.spec import RoundSpec
from alignment.gate.evaluation import text_completion
from alignment.gate.reward_judge import teacher_folder
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


def ppo_batch(spec: RoundSpec, snapshot: Snapshot) -> int:
    """Replies per optimiser step."""
    config = spec.settings(PpoConfig)
    return config.rollout_size // config.minibatches


def train_ppo(work: RoundContext, folder: Path) -> Trained:
    """Train against the round's reward model, keeping resumable state in `folder`. The same seed gives the same adapter on the
    same machine with as many processes, also where the training was stopped in between.

    Raises RoundRefused (no reward model, no prompt that fits), NothingLearned, Diverged, Interrupted.
    """
    spec, config = work.spec, work.spec.settings(PpoConfig)
    teacher = teacher_folder(spec)
    prompts, too_long = _prompts(work)
    ppo, unit = _learner(work, config, teacher, prompts)
    before = adapter.weights(ppo.actor.model)
    trainable = adapter.trainable_parameters(ppo.actor.model)
    _run(work, ppo, folder)
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
    facts = TrainingFacts(tensors_hash(before), numbers, teacher.name)
    return Trained(after, ppo.actor.model.peft_config["default"], facts)


def refuse_ppo(work: RoundContext, copies: int) -> None:
    """Raise RoundRefused where no prompt fits or memory is short: asked before a reward model is trained for it."""
    prompts, _ = _prompts(work)
    longest = max(len(prompt.ids) for prompt in prompts)
    refuse_too_little(copies * expected_bytes(work.spec.base_dir, work.spec.settings(PpoConfig), longest))


def _prompts(work: RoundContext) -> tuple[list[Prompt], int]:
    """The prompts that leave room for a reply, and how many do not. Raises RoundRefused."""
    config = work.spec.settings(PpoConfig)
    found = prompts_of(work.spec, work.snapshot)
    fitting = fitting_prompts(work.tokenizer, found, config.max_length - config.max_new_tokens)
    prompts = [Prompt(messages, tuple(prompt_ids(work.tokenizer, messages))) for messages in fitting]
    return prompts, len(found) - len(prompts)


def expected_bytes(base_dir: Path, config: PpoConfig, longest: int) -> float:
    """A rough upper estimate of the memory that training adds: the base, what a forward pass keeps, and the cache of a
    rollout."""
    model = AutoConfig.from_pretrained(base_dir, local_files_only=True).get_text_config()
    length = longest + config.max_new_tokens
    logits = 4.0 * config.micro_batch_size * config.max_new_tokens * model.vocab_size
    layer = 4.0 * config.micro_batch_size * length * (8 * model.hidden_size + 4 * model.intermediate_size)
    heads = model.num_key_value_heads * (model.hidden_size // model.num_attention_heads)
    cache = 8.0 * config.rollout_size * length * heads * model.num_hidden_layers
    return float(
        base_bytes(base_dir) + 4 * logits + layer * model.num_hidden_layers * config.lora_depth + 2 * cache
    )


def pretraining_texts(work: RoundContext, config: PpoConfig) -> list[Completion]:
    """What PPO-ptx goes on predicting; nothing where it is not asked for. Raises RoundRefused."""
    if config.ptx_coef == 0:
        return []
    file = work.spec.pretraining_texts
    if file is None:
        raise RoundRefused(
            "ptx_coef is above 0 and there is no file of texts: set CODELYNN_PRETRAINING_TEXTS"
        )
    try:
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        texts = [text_completion(work.tokenizer, json.loads(line)["text"]) for line in lines]
    except (OSError, ValueError, KeyError, TypeError):
        raise RoundRefused(f"{file.name} cannot be read: each line needs a text") from None
    if not any(len(text.ids) > 1 for text in texts):
        raise RoundRefused(f"{file.name} holds no text to learn from")
    return [text for text in texts if len(text.ids) > 1]


def _learner(
    work: RoundContext, config: PpoConfig, teacher: Path, prompts: Sequence[Prompt]
) -> tuple[Ppo, float]:
    """And the unit of its reward. Raises RoundRefused."""
    spec, texts = work.spec, pretraining_texts(work, config)
    torch.manual_seed(spec.seed)  # of the random LoRA matrices: the same ones when a stopped round goes on
    actor = ActorCritic(spec.base_dir, work.tokenizer, config, spec.parent_adapter)
    try:
        score = actor.add_reward(work.tokenizer, teacher)
    except (OSError, ValueError):
        raise RoundRefused(
            f"the reward model {teacher.name} does not fit this base model: train it again"
        ) from None
    ends = end_ids(spec.base_dir, work.tokenizer)
    decode = _decoder(work.tokenizer)
    work.events.emit("train", 0, config.updates, message="Finding the unit of the reward", fraction=0.0)

    def draw(asked: Sequence[Messages]) -> list[str]:
        sampling = Sampling(config.max_new_tokens, config.temperature, actor.device)
        chance = torch.Generator(actor.device).manual_seed(spec.seed)
        ids = [tuple(prompt_ids(work.tokenizer, messages)) for messages in asked]
        return [decode(reply.ids) for reply in draw_replies(actor, ids, ends, sampling, chance)]

    unit = measure_unit([prompt.messages for prompt in prompts], draw, score)
    source = Source(prompts, in_units(score, unit), decode, ends, spec.seed)
    return Ppo(actor, config, source, texts, work.ranks), unit


def _decoder(tokenizer: Tokenizer) -> Callable[[Sequence[int]], str]:
    return lambda ids: str(tokenizer.decode(list(ids), skip_special_tokens=True))


def _run(work: RoundContext, ppo: Ppo, folder: Path) -> None:
    """All updates that are not done yet. A stop loses no more than the update it comes in."""
    folder.mkdir(parents=True, exist_ok=True)
    if found := load_progress(folder, ppo.optimizer):
        ppo.restore(*found)
    total = ppo.config.updates
    work.events.emit("train", ppo.progress.updates, total, message="Drawing and judging replies")
    while ppo.progress.updates < total:
        metrics = ppo.update(_telling(work, ppo.progress.updates, total))
        with work.stop.deferred():
            if work.ranks.first:
                save_progress(folder, ppo.progress, ppo.weights(), ppo.optimizer)
            work.events.emit("train", ppo.progress.updates, total, metrics)


def _telling(work: RoundContext, done: int, total: int) -> Callable[[float], None]:
    """Reports how much of an update is done: one may take a minute."""

    def tell(share: float) -> None:
        work.events.emit("train", done, total, fraction=(done + min(share, 0.99)) / total)

    return tell


TRAINING = Training(train_ppo, ppo_batch, from_pairs=False, refuse=refuse_ppo)
