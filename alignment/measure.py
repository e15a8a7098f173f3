"""The gate's measurements of a published candidate, in the order that needs the least memory."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from alignment import evaluate
from alignment.chat import Completion, prompt_ids
from alignment.files import file_hash
from alignment.gate import RewardEvidence, reward_evidence
from alignment.judge import Judge, judge_of
from alignment.models import load_adapter, load_base
from alignment.registry import adapter_record, base_hash, conversion_beside
from alignment.remember import remembered
from alignment.sample import Draw, draw_converted, draw_loaded, end_ids
from alignment.spec import RoundSpec
from alignment.work import Work

Prompts = Sequence[list[int]]


def measure(work: Work) -> evaluate.Measured:
    """Everything the gate decides on, for the checkpoint that the publish stage made."""
    spec, tokenizer = work.spec, work.tokenizer
    adapter_dir = spec.checkpoint_dir / "adapter"
    prompts, replies, champion_length, reward = _replies(work, adapter_dir)
    _tell(work, 0.5, "Measuring KL from the base")
    model = load_adapter(load_base(spec.base_dir), adapter_dir)
    drawn = [
        Completion((*prompt, *reply), len(prompt)) for prompt, reply in zip(prompts, replies, strict=True)
    ]
    kl = evaluate.mean_kl(model, drawn, tokenizer.pad_token_id)
    _tell(work, 0.7, "Measuring agreement on held-out pairs")
    accuracy = evaluate.heldout_accuracy(model, tokenizer, work.snapshot.heldout)
    del model
    _tell(work, 0.8, "Measuring perplexity")
    base, tuned = perplexity_of(work, None), perplexity_of(work, adapter_dir)
    length = evaluate.mean_length(replies)
    return evaluate.Measured(accuracy, kl, length, champion_length, tuned, base, reward)


def _replies(
    work: Work, adapter_dir: Path
) -> tuple[list[list[int]], list[list[int]], float, RewardEvidence | None]:
    """Prompts and the candidate's replies as token ids, the champion's mean length, and what a reward model, if there is
    one, says of both. It is let go on return."""
    spec, tokenizer = work.spec, work.tokenizer
    asked = evaluate.gate_prompts(
        evaluate.read_questions(spec.heldout_prompts), spec.system_prompt, spec.policy.gate_prompts
    )
    prompts = [prompt_ids(tokenizer, messages) for messages in asked]
    judge = judge_of(spec, tokenizer, asked)
    _tell(work, 0.0, "Drawing the candidate's replies")
    replies = list(_told(work, draw(work, adapter_dir, prompts), len(prompts), 0.0))
    _tell(work, 0.25, "Drawing the champion's replies")
    length, rewards = _champion(work, prompts, judge)
    found = reward_evidence(judge.rewards(replies), rewards) if judge else None
    return prompts, replies, length, found


def perplexity_of(work: Work, adapter_dir: Path | None) -> dict[str, float]:
    """Perplexity of a version (None: the base) on the pack, per domain and over all. Measured once per version."""
    spec = work.spec
    pack = evaluate.read_pack(spec.perplexity_pack)
    key = {
        "what": "perplexity",
        "base": base_hash(spec.base_dir),
        "adapter": adapter_record(adapter_dir) if adapter_dir else None,
        "pack": file_hash(spec.perplexity_pack),
    }

    def compute() -> dict[str, float]:
        base = load_base(spec.base_dir)
        model = load_adapter(base, adapter_dir) if adapter_dir else base
        return evaluate.perplexities(model, work.tokenizer, pack)

    return remembered(work.memory_dir, key, compute)


def _champion(work: Work, prompts: Prompts, judge: Judge | None) -> tuple[float, list[float]]:
    """Mean length of the champion's replies to the same prompts, in tokens, and their rewards where there is a judge."""
    spec = work.spec
    champion = spec.champion_adapter
    key = {
        "what": "length",
        "base": base_hash(spec.base_dir),
        "adapter": adapter_record(champion) if champion else None,
        "prompts": hashlib.sha256(str(list(prompts)).encode()).hexdigest(),
        "draw": [spec.policy.gate_max_new_tokens, spec.seed, _converted(spec, champion) is not None],
        "judge": judge.hash if judge else None,
    }

    def compute() -> dict[str, float]:
        drawn = list(_told(work, draw(work, champion, prompts), len(prompts), 0.25))
        rewards = judge.rewards(drawn) if judge else []
        return {"length": evaluate.mean_length(drawn)} | {str(i): value for i, value in enumerate(rewards)}

    found = remembered(work.memory_dir, key, compute)
    return found["length"], [found[str(i)] for i in range(len(prompts))] if judge else []


def draw(work: Work, adapter_dir: Path | None, prompts: Prompts) -> Iterator[list[int]]:
    """Token ids of one reply per prompt from a version (None: the base)."""
    spec = work.spec
    ends = end_ids(spec.base_dir, work.tokenizer)
    how = Draw(spec.policy.gate_max_new_tokens, spec.seed)
    converted = _converted(spec, adapter_dir)
    if converted:
        return draw_converted(converted, prompts, work.tokenizer, ends, how, work.threads)
    base = load_base(spec.base_dir)
    model = load_adapter(base, adapter_dir) if adapter_dir else base
    return draw_loaded(model, prompts, work.tokenizer, ends, how)


def _converted(spec: RoundSpec, adapter_dir: Path | None) -> Path | None:
    """The conversion to draw from; None unless champion and candidate both have one, so that they compare fairly."""
    if not (spec.convert and conversion_beside(spec.champion_adapter or spec.base_dir)):
        return None
    return conversion_beside(adapter_dir or spec.base_dir)


def _told(work: Work, replies: Iterator[list[int]], count: int, begin: float) -> Iterator[list[int]]:
    """The replies, reported as they come: a quarter of the gate's work."""
    for number, reply in enumerate(replies, 1):
        if number % 8 == 0:
            _tell(work, begin + 0.25 * number / count, "")
        yield reply


def _tell(work: Work, fraction: float, message: str) -> None:
    work.stop.check()
    work.events.emit("gate", round(100 * fraction), 100, message=message)
