"""The gate's measurements: agreement with held-out pairs, KL, likelihood, reply length and perplexity."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

from alignment.contract.errors import RoundRefused
from alignment.contract.manifests.gate import GateEvidence, RewardEvidence, ToneEvidence
from alignment.contract.snapshot import Messages, Pair
from alignment.gate.decision import Evidence
from alignment.models.chat_template import Completion, Tokenizer, before_end, completion, with_system
from alignment.models.loading import Model, log_probs, scaled
from reward_model.evaluate import PreferenceAccuracy, preference_accuracy

MAX_TEXT_TOKENS = 512
PAIRS_AT_ONCE = 32
"""Held-out pairs between two reports of progress."""
ALL = "all"
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was measured. Perplexities are by domain of the pack and over `all`; lengths are in tokens."""

    accuracy: PreferenceAccuracy
    kl: float
    candidate_length: float
    champion_length: float
    perplexity: dict[str, float]
    base_perplexity: dict[str, float]
    nll: float
    usual_nll: float
    reward: RewardEvidence | None = None
    tone: ToneEvidence | None = None

    def evidence(self, adapter_changed: bool, from_pairs: bool = True) -> Evidence:
        """The part that the gate decides on. `from_pairs`: the method trained on pairs."""
        return Evidence(
            adapter_changed=adapter_changed,
            heldout_pairs=self.accuracy.pairs,
            heldout_correct=self.accuracy.correct,
            kl=self.kl,
            length_ratio=self.candidate_length / self.champion_length if self.champion_length else math.nan,
            perplexity_ratio=self.perplexity[ALL] / self.base_perplexity[ALL],
            nll=self.nll,
            usual_nll=self.usual_nll,
            reward=self.reward,
            from_pairs=from_pairs,
        )


def gate_evidence(measured: Measured, evidence: Evidence, scale: float | None) -> GateEvidence:
    """Everything that was measured, for the decision on disk. `scale` is what the update was multiplied by."""
    perplexity = {name: measured.perplexity[name] / base for name, base in measured.base_perplexity.items()}
    return GateEvidence(
        adapter_changed=evidence.adapter_changed,
        heldout_pairs=evidence.heldout_pairs,
        heldout_correct=evidence.heldout_correct,
        kl=evidence.kl,
        length_ratio=evidence.length_ratio,
        perplexity_ratio=evidence.perplexity_ratio,
        nll=evidence.nll,
        usual_nll=evidence.usual_nll,
        reward=evidence.reward,
        from_pairs=evidence.from_pairs,
        accuracy=measured.accuracy.value,
        accuracy_low=measured.accuracy.low,
        accuracy_high=measured.accuracy.high,
        candidate_length=measured.candidate_length,
        champion_length=measured.champion_length,
        tone=measured.tone,
        perplexity=perplexity,
        scale=scale,
    )


def heldout_accuracy(
    model: Model,
    tokenizer: Tokenizer,
    pairs: Sequence[Pair],
    ends: Sequence[int],
    report: Callable[[float], None] = lambda share: None,
) -> PreferenceAccuracy:
    """Share of pairs whose implicit reward prefers the chosen reply.

    The reward of a reply is beta times log pi - log pi_base (Rafailov et al. 2023, equation 7, up to a term that both
    replies to a prompt share); beta does not change the order. A reply that was cut is scored without an end token (one of
    `ends`), since it never had one. `report` hears what share of the pairs is done.
    """
    margins: list[float] = []
    for begin in range(0, len(pairs), PAIRS_AT_ONCE):
        report(begin / len(pairs))
        margins += _margins(model, tokenizer, pairs[begin : begin + PAIRS_AT_ONCE], ends)
    return preference_accuracy(margins)


def _margins(model: Model, tokenizer: Tokenizer, pairs: Sequence[Pair], ends: Sequence[int]) -> list[float]:
    """The reward of the chosen reply less that of the rejected one, of each pair."""
    replies = [
        _as_written(completion(tokenizer, pair.prompt, reply), cut, ends)
        for pair in pairs
        for reply, cut in ((pair.chosen, pair.chosen_cut), (pair.rejected, pair.rejected_cut))
    ]
    rewards = log_ratios(model, replies, tokenizer.pad_token_id)
    return [chosen - rejected for chosen, rejected in zip(rewards[::2], rewards[1::2], strict=True)]


def _as_written(reply: Completion, cut: bool, ends: Sequence[int]) -> Completion:
    return Completion(tuple(before_end(reply.ids, ends)), reply.start) if cut else reply


def log_ratios(model: Model, replies: Sequence[Completion], pad_id: int) -> list[float]:
    """log pi - log pi_base of each reply, in nats; pi_base is the same model with its adapter off."""
    tuned = log_probs(model, replies, pad_id)
    with scaled(model, 0.0):
        base = log_probs(model, replies, pad_id)
    return [new - old for new, old in zip(tuned, base, strict=True)]


def mean_kl(model: Model, replies: Sequence[Completion], pad_id: int) -> float:
    """KL(pi || pi_base) per reply in nats, estimated from replies that were sampled from pi."""
    return fmean(log_ratios(model, replies, pad_id)) if replies else math.nan


def mean_nll(model: Model, replies: Sequence[Completion], pad_id: int) -> float:
    """Mean negative log-likelihood of replies in nats per token.

    The likelihood of a version's replies under the base model shows whether they are still language, which perplexity on fixed texts does
    not show (Razin et al. 2024, arXiv 2410.08847).
    """
    tokens = sum(len(reply.ids) - reply.start for reply in replies)
    return -sum(log_probs(model, replies, pad_id)) / tokens if tokens else math.nan


def perplexities(model: Model, tokenizer: Tokenizer, texts: Sequence[tuple[str, str]]) -> dict[str, float]:
    """exp of the mean negative log-probability per token, for each domain of (domain, text) and over `all`."""
    items = [text_completion(tokenizer, text) for _, text in texts]
    values = log_probs(model, items, tokenizer.pad_token_id)
    sums: dict[str, tuple[float, int]] = {}
    for (domain, _), item, value in zip(texts, items, values, strict=True):
        for name in (domain, ALL):
            total, tokens = sums.get(name, (0.0, 0))
            sums[name] = (total + value, tokens + len(item.ids) - item.start)
    return {name: _perplexity(total, tokens) for name, (total, tokens) in sorted(sums.items())}


def text_completion(tokenizer: Tokenizer, text: str) -> Completion:
    """A text as a completion: it is predicted after the begin token or, where the model has none, from its second token on."""
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"][:MAX_TEXT_TOKENS]
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    return Completion((*begin, *ids), 1)


def gate_prompts(questions: Iterable[str], system_prompt: str, count: int) -> list[Messages]:
    """`count` held-out prompts, evenly spread over the file, since that is sorted by subject."""
    pool = list(questions)
    count = min(count, len(pool))
    chosen = [pool[number * len(pool) // count] for number in range(count)]
    return [with_system(system_prompt, question) for question in chosen]


def mean_length(replies: Sequence[Sequence[int]]) -> float:
    """Mean number of tokens of a reply, its end token included."""
    return fmean(len(reply) for reply in replies) if replies else math.nan


def read_pack(path: Path) -> list[tuple[str, str]]:
    """(domain, text) of each line of a perplexity pack. Raises RoundRefused."""
    return _read_lines(path, lambda line: (str(line["domain"]), str(line["text"])))


def read_questions(path: Path) -> list[str]:
    """The held-out prompts, one per line of a JSONL file. Raises RoundRefused."""
    return _read_lines(path, lambda line: str(line["prompt"]))


def _perplexity(total: float, tokens: int) -> float:
    """Infinity where a broken model gives a text almost no probability."""
    mean = -total / max(tokens, 1)
    return math.exp(mean) if mean < 700 else math.inf


def _read_lines(path: Path, read: Callable[[dict[str, Any]], Row]) -> list[Row]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [read(json.loads(line)) for line in lines if line.strip()]
    except (OSError, KeyError, TypeError, json.JSONDecodeError):
        raise RoundRefused(
            f"{path.name} cannot be read: it must be JSONL with the fields the gate needs"
        ) from None
    if not rows:
        raise RoundRefused(f"{path.name} is empty: the gate has nothing to measure on")
    return rows
