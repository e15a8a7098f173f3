"""The prompts of `benchmarks/ppo.py` as token ids: the packs in `datasets/prompts` to train on, others held out."""

import json
import random
from pathlib import Path
from typing import Any

from alignment.models.chat_template import prompt_ids

BENCHMARKS = Path(__file__).resolve().parents[1]
PACKS = BENCHMARKS.parent / "datasets" / "prompts"
HELD_OUT = BENCHMARKS / "prompts_held_out.txt"


def training_prompts(tokenizer: Any, seed: int) -> list[list[int]]:
    """Every prompt of the packs, in an order that `seed` sets."""
    lines = [
        line
        for pack in sorted(PACKS.glob("*.jsonl"))
        for line in pack.read_text("utf-8").splitlines()
        if line
    ]
    texts = [str(json.loads(line)["prompt"]) for line in lines]
    random.Random(seed).shuffle(texts)
    return [prompt_ids(tokenizer, [{"role": "user", "content": text}]) for text in texts]


def held_out_prompts(tokenizer: Any, count: int) -> list[list[int]]:
    """The first `count` held-out prompts."""
    texts = HELD_OUT.read_text("utf-8").splitlines()[:count]
    return [prompt_ids(tokenizer, [{"role": "user", "content": text}]) for text in texts]


def padding_id(tokenizer: Any, prompts: list[list[int]]) -> int:
    """A special token that ends nothing and is in no prompt: TRL's PPO hides its padding token wherever it stands, and
    many chat models pad with the token that ends a turn. Raises SystemExit where the model has no such token."""
    used = {token for prompt in prompts for token in prompt} | {tokenizer.eos_token_id}
    special = [number for number, token in tokenizer.added_tokens_decoder.items() if token.special]
    free = [number for number in special if number not in used]
    if not free:
        raise SystemExit(
            "this model has no spare special token to pad with, so TRL's PPO cannot be run on it"
        )
    return max(free)
