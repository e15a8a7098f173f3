"""Drawing replies from a version of the model, for the gate: its prompts, the version's conversion where there is one."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from alignment.checkpoints.registry import conversion_beside
from alignment.context import RoundContext
from alignment.contract.spec import RoundSpec
from alignment.models.chat_template import Completion
from alignment.models.loading import load_adapter, load_base
from alignment.models.sampling import Draw, draw_converted, draw_loaded, end_ids

Prompts = Sequence[list[int]]


def draw(work: RoundContext, adapter_dir: Path | None, prompts: Prompts, how: Draw) -> Iterator[list[int]]:
    """Token ids of one reply per prompt from a version (None: the base)."""
    spec = work.spec
    ends = end_ids(spec.base_dir, work.tokenizer)
    converted = _converted(spec, adapter_dir)
    if converted:
        return draw_converted(converted, prompts, work.tokenizer, ends, how, work.threads)
    base = load_base(spec.base_dir)
    model = load_adapter(base, adapter_dir) if adapter_dir else base
    return draw_loaded(model, prompts, work.tokenizer, ends, how)


def completions(prompts: Prompts, replies: Sequence[list[int]]) -> list[Completion]:
    """Prompts with their replies, as they are read by a model."""
    return [
        Completion((*prompt, *reply), len(prompt)) for prompt, reply in zip(prompts, replies, strict=True)
    ]


def drawn_key(spec: RoundSpec, prompts: Prompts, adapter_dir: Path | None) -> dict[str, object]:
    """What decides, beside the version, which replies are drawn."""
    return {
        "prompts": hashlib.sha256(str(list(prompts)).encode()).hexdigest(),
        "draw": [spec.policy.gate_max_new_tokens, spec.seed, _converted(spec, adapter_dir) is not None],
    }


def _converted(spec: RoundSpec, adapter_dir: Path | None) -> Path | None:
    """The conversion to draw from; None unless champion and candidate both have one, so that they compare fairly."""
    if not (spec.convert and conversion_beside(spec.champion_adapter or spec.base_dir)):
        return None
    return conversion_beside(adapter_dir or spec.base_dir)
