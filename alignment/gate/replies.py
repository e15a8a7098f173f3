"""Samples replies of a version to the gate's prompts, from its conversion where there is one."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from alignment.checkpoints.registry import conversion_beside
from alignment.context import RoundContext
from alignment.models.chat_template import Completion
from alignment.models.loading import load_adapter, load_base
from alignment.models.sampling import Draw, draw_converted, draw_loaded, end_ids

Prompts = Sequence[list[int]]


def draw(context: RoundContext, adapter_dir: Path | None, prompts: Prompts, how: Draw) -> Iterator[list[int]]:
    """Token ids of one reply per prompt from a version (None: the base)."""
    ends = end_ids(context.base_dir, context.tokenizer)
    converted = _converted(context, adapter_dir)
    if converted:
        return draw_converted(converted, prompts, context.tokenizer, ends, how, context.threads)
    base = load_base(context.base_dir)
    model = load_adapter(base, adapter_dir) if adapter_dir else base
    return draw_loaded(model, prompts, context.tokenizer, ends, how)


def completions(prompts: Prompts, replies: Sequence[list[int]]) -> list[Completion]:
    """Prompts joined with their replies, for a model to score."""
    return [
        Completion((*prompt, *reply), len(prompt)) for prompt, reply in zip(prompts, replies, strict=True)
    ]


def drawn_key(context: RoundContext, prompts: Prompts, adapter_dir: Path | None) -> dict[str, object]:
    """What the sampled replies depend on, besides the version."""
    return {
        "prompts": hashlib.sha256(str(list(prompts)).encode()).hexdigest(),
        "draw": [
            context.policy.gate_max_new_tokens,
            context.seed,
            _converted(context, adapter_dir) is not None,
        ],
    }


def _converted(context: RoundContext, adapter_dir: Path | None) -> Path | None:
    """The conversion to sample from. None unless champion and candidate both have one, so that the comparison is fair."""
    if not (context.converts and conversion_beside(context.champion_adapter or context.base_dir)):
        return None
    return conversion_beside(adapter_dir or context.base_dir)
