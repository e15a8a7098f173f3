"""Fluency: whether a version still writes language, measured by the likelihood of its replies under the base model.

Training on preferences can make every reply that a person wrote less likely, also the chosen ones; then text becomes likelier that nobody
would write (Razin et al. 2024, arXiv 2410.08847). Perplexity on fixed texts does not show this.
"""

from dataclasses import asdict
from pathlib import Path

from alignment.checkpoints.registry import base_hash
from alignment.context import RoundContext
from alignment.contract.snapshot import Messages, Snapshot
from alignment.gate import evaluation as evaluate
from alignment.gate.measurement_cache import remembered
from alignment.gate.replies import Prompts, completions, draw, drawn_key
from alignment.models.chat_template import Completion, completion
from alignment.models.loading import load_base
from alignment.models.sampling import Draw, as_heard

READ = 32
"""The number of replies of each kind that people liked or wrote."""


def own_and_usual_nll(context: RoundContext, adapter_dir: Path, prompts: Prompts) -> tuple[float, float]:
    """The mean negative log-likelihood under the base model, in nats per token, of a version's replies to the prompts, and the usual one. The
    usual one is that of the base model's own replies or, where higher, of replies that people chose, rated good or wrote."""
    replies = _sampled(context, adapter_dir, prompts)
    usual = _base_nll(context, prompts)
    base, pad = load_base(context.base_dir), context.tokenizer.pad_token_id
    liked_nll = [
        evaluate.mean_nll(base, [completion(context.tokenizer, *example) for example in some], pad)
        for some in liked(context.snapshot, READ)
        if some
    ]
    return evaluate.mean_nll(base, replies, pad), max(usual, *liked_nll)


def liked(snapshot: Snapshot, most: int) -> list[list[tuple[Messages, str]]]:
    """Prompts with replies that were chosen, rated good, or written by people: at most `most` of each, evenly spread."""
    kinds = [
        [(pair.prompt, pair.chosen) for pair in snapshot.train],
        [(rating.prompt, rating.reply) for rating in snapshot.ratings if rating.good],
        [(shown.prompt, shown.reply) for shown in snapshot.demonstrations],
    ]
    return [kind[:: -(-len(kind) // most) or 1] for kind in kinds]


def _base_nll(context: RoundContext, prompts: Prompts) -> float:
    """The mean of the base model's own replies. Measured once."""
    key = {
        "what": "nll",
        "base": base_hash(context.base_dir),
        **drawn_key(context, prompts, None),
        "how": asdict(_how(context)),
    }

    def compute() -> dict[str, float]:
        own = _sampled(context, None, prompts)
        base = load_base(context.base_dir)
        return {"nll": evaluate.mean_nll(base, own, context.tokenizer.pad_token_id)}

    return remembered(context.memory_dir, key, compute)["nll"]


def _sampled(context: RoundContext, adapter_dir: Path | None, prompts: Prompts) -> list[Completion]:
    return completions(prompts, list(draw(context, adapter_dir, prompts, _how(context))))


def _how(context: RoundContext) -> Draw:
    return as_heard(context.policy.gate_max_new_tokens, context.seed)
