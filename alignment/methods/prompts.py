"""Which prompts a method trains on that writes its own replies (RLOO, PPO)."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from alignment.contract.errors import RoundRefused
from alignment.contract.snapshot import Messages, Snapshot
from alignment.contract.spec import RoundSpec
from alignment.contract.split import prompt_key, split_of_key
from alignment.models.chat_template import Tokenizer, prompt_ids, with_system


def prompts_of(spec: RoundSpec, snapshot: Snapshot) -> list[Messages]:
    """The prompts of a round, from its snapshot and its prompt packs. Raises RoundRefused."""
    packs = [text for file in spec.prompt_packs for text in read_pack(file)]
    prompts = training_prompts(
        snapshot, packs, spec.system_prompt, spec.seed, never=read_pack(spec.heldout_prompts)
    )
    if not prompts:
        raise RoundRefused("there are no prompts to train on: rank replies, or add a prompt pack")
    return prompts


def training_prompts(
    snapshot: Snapshot, packs: Sequence[str], system_prompt: str, seed: int, never: Sequence[str] = ()
) -> list[Messages]:
    """Each prompt of the snapshot's training side and of the packs once, shuffled by `seed`.

    `packs` are user turns, which get the system prompt; `never` are user turns that are kept out, as is every prompt
    that fell or would fall on the held-out side: it may be ranked later.
    """
    own: list[Messages] = [pair.prompt for pair in snapshot.train]
    own += [rating.prompt for rating in snapshot.ratings]
    own += [demonstration.prompt for demonstration in snapshot.demonstrations]
    kept_out = {key_of(with_system("", text)) for text in never}
    kept_out |= {key_of(prompt) for prompt in snapshot.heldout_prompts}
    found: dict[str, Messages] = {}
    for prompt in (*own, *(with_system(system_prompt, text) for text in packs)):
        key = key_of(prompt)
        if key not in kept_out and split_of_key(key, snapshot.heldout_fraction) == "train":
            found.setdefault(key, prompt)
    prompts = list(found.values())
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
