"""The prompts of methods that train on replies of their own (RLOO, PPO, training on fresh replies)."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from alignment.context import RoundContext
from alignment.contract.errors import RoundRefused
from alignment.contract.snapshot import Messages, Snapshot
from alignment.contract.split import prompt_key, split_of_key
from alignment.models.chat_template import Tokenizer, prompt_ids, with_system


def prompts_of(context: RoundContext) -> list[Messages]:
    """The prompts of a round, from its snapshot and its prompt packs. Raises RoundRefused."""
    packs = [text for file in context.packs.prompts for text in read_pack(file)]
    never = read_pack(context.packs.heldout_prompts)
    prompts = training_prompts(context.snapshot, packs, context.system_prompt, context.seed, never)
    if not prompts:
        raise RoundRefused("there are no prompts to train on: rank replies, or add a prompt pack")
    return prompts


def training_prompts(
    snapshot: Snapshot, packs: Sequence[str], system_prompt: str, seed: int, never: Sequence[str] = ()
) -> list[Messages]:
    """Each prompt of the snapshot's training side and of the packs once, shuffled by `seed`.

    `packs` are user turns, to which the system prompt is added. `never` are user turns that are left out. Prompts on the held-out side are
    left out too, also those that nobody has ranked yet.
    """
    own: list[Messages] = [pair.prompt for pair in snapshot.train]
    own += [rating.prompt for rating in snapshot.ratings]
    own += [demonstration.prompt for demonstration in snapshot.demonstrations]
    kept_out = {key_of(with_system("", text)) for text in never}
    kept_out |= {key_of(prompt) for prompt in snapshot.heldout_prompts}
    by_key: dict[str, Messages] = {}
    for prompt in (*own, *(with_system(system_prompt, text) for text in packs)):
        key = key_of(prompt)
        if key not in kept_out and split_of_key(key, snapshot.heldout_fraction) == "train":
            by_key.setdefault(key, prompt)
    prompts = list(by_key.values())
    random.Random(seed).shuffle(prompts)  # noqa: S311 - orders prompts, guards nothing
    return prompts


def fitting_prompts(tokenizer: Tokenizer, prompts: Sequence[Messages], max_length: int) -> list[Messages]:
    """The prompts of at most `max_length` tokens. Raises RoundRefused where none is."""
    fitted = [prompt for prompt in prompts if len(prompt_ids(tokenizer, prompt)) <= max_length]
    if not fitted:
        raise RoundRefused(
            f"none of {len(prompts)} prompts leaves room for a reply: raise max_length or lower max_new_tokens"
        )
    return fitted


def key_of(prompt: Messages) -> str:
    """See `prompt_key`."""
    return prompt_key((turn["role"], turn["content"]) for turn in prompt)


def read_pack(file: Path) -> list[str]:
    """The user turns of a prompt pack. Raises RoundRefused."""
    try:
        return [json.loads(line)["prompt"] for line in file.read_text(encoding="utf-8").splitlines() if line]
    except (OSError, ValueError, KeyError, TypeError):
        raise RoundRefused(f"the prompt pack {file.name} cannot be read: each line needs a prompt") from None
