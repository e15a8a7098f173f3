"""The decision of the gate: whether a candidate may become `latest`, from what was measured. Pure."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from alignment.contract.manifests.gate import Check, Decision, RewardEvidence
from alignment.contract.manifests.reward import RewardEvaluation
from alignment.contract.statistics import wilson_interval
from alignment.contract.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Evidence:
    """The measurements that decide: candidate against champion for the length, against the base model for the rest. A NaN never passes.

    `nll` is the mean negative log-likelihood of the candidate's replies under the base model, in nats per token. `usual_nll` is that of the
    base model's own replies or, where higher, of replies that people liked or wrote.
    """

    adapter_changed: bool
    heldout_pairs: int
    heldout_correct: int
    kl: float
    length_ratio: float
    perplexity_ratio: float
    nll: float
    usual_nll: float
    reward: RewardEvidence | None = None
    from_pairs: bool = True
    """Whether the method trained on pairs like the held-out ones."""


def reward_evidence(candidate: Sequence[float], champion: Sequence[float]) -> RewardEvidence | None:
    """Compare the rewards of both, prompt by prompt. None without prompts."""
    margins = [ours - theirs for ours, theirs in zip(candidate, champion, strict=True)]
    if not margins:
        return None
    wins = sum(1.0 if margin > 0 else 0.5 if margin == 0 else 0.0 for margin in margins)
    low, high = wilson_interval(wins, len(margins))
    return RewardEvidence(len(margins), wins / len(margins), low, high, fmean(margins))


def decided(checks: Iterable[Check]) -> Decision:
    """The decision: promote unless a check failed."""
    all_checks = tuple(checks)
    return Decision(all(check.passed is not False for check in all_checks), all_checks)


def decide(evidence: Evidence, thresholds: Thresholds) -> Decision:
    """Promote if no criterion fails. Better evidence never turns a promotion into a hold."""
    return decided(_checks(evidence, thresholds))


def _checks(evidence: Evidence, limits: Thresholds) -> Iterator[Check]:
    changed = evidence.adapter_changed
    yield Check(
        "changed", changed, f"The model {'changed' if changed else 'did not change: it learned nothing'}"
    )
    yield _heldout(evidence, limits)
    yield _at_most(
        "kl", "Distance from the base model (KL): {} nats per reply", evidence.kl, limits.max_kl, ".1f"
    )
    yield _length(evidence, limits)
    yield _at_most(
        "perplexity",
        "Perplexity on general text: {} times the base model's",
        evidence.perplexity_ratio,
        limits.max_perplexity_ratio,
        ".3f",
    )
    yield _at_most(
        "nll",
        "Unusual language: {} nats per token under the base model",
        evidence.nll,
        evidence.usual_nll + limits.max_nll_rise,
        ".2f",
    )
    if evidence.reward is not None:
        yield _reward(evidence.reward)


def _reward(evidence: RewardEvidence) -> Check:
    """A reward model is itself trained on few rankings, so the check fails only where the whole interval is against the candidate."""
    words = f"The reward model prefers the new version's reply to {evidence.win_rate:.0%} of {evidence.prompts} prompts"
    interval = f"95 % interval {evidence.low:.0%} to {evidence.high:.0%}"
    return Check(
        "reward", evidence.high >= 0.5, f"{words} ({interval}; the interval must not lie wholly below 50%)"
    )


def _heldout(evidence: Evidence, limits: Thresholds) -> Check:
    """Few pairs prove little: below `min_heldout_pairs` the check fails only where the whole interval is below the limit. The same holds for
    methods that did not train on pairs, since ranking given replies is not what they were trained for."""
    pairs, correct, needed = evidence.heldout_pairs, evidence.heldout_correct, limits.min_accuracy
    if pairs == 0:
        return Check("heldout", None, "No held-out pairs yet: not checked")
    agree = (
        "1 of 1 held-out pair agrees"
        if pairs == correct == 1
        else f"{correct} of {pairs} held-out pairs agree"
    )
    limit = f"limit: at least {needed:.0%}"
    if correct / pairs >= needed:
        return Check("heldout", True, f"{agree} ({limit})")
    if pairs >= limits.min_heldout_pairs and evidence.from_pairs:
        return Check("heldout", False, f"{agree} ({limit})")
    if wilson_interval(correct, pairs)[1] < needed:
        return Check("heldout", False, f"{agree}, clearly too few ({limit})")
    why = (
        "this method did not train on pairs" if pairs >= limits.min_heldout_pairs else "too few pairs to tell"
    )
    return Check("heldout", None, f"{agree} ({limit}): not counted, {why}")


def _length(evidence: Evidence, limits: Thresholds) -> Check:
    ratio, low, high = evidence.length_ratio, limits.min_length_ratio, limits.max_length_ratio
    limit = f"(limit: {low:g} to {high:g})"
    if math.isnan(ratio):
        return Check("length", False, f"Reply length could not be measured {limit}")
    return Check(
        "length", low <= ratio <= high, f"Reply length: {ratio:.2f} times the reference version's {limit}"
    )


def _at_most(name: str, words: str, value: float, limit: float, form: str) -> Check:
    shown = "not a number" if math.isnan(value) else format(value, form)
    return Check(name, value <= limit, f"{words.format(shown)} (limit: at most {limit:{form}})")


def decide_reward(evaluation: RewardEvaluation, min_pairs: int) -> Decision:
    """Whether a trained reward model is used."""
    pairs = evaluation.pairs
    enough = Check("pairs", pairs >= min_pairs, f"Trained on {pairs} pairs (limit: at least {min_pairs})")
    return decided([enough, _accurate(evaluation)])


def _accurate(evaluation: RewardEvaluation) -> Check:
    """Fails only where the interval shows no advantage over chance: few held-out pairs prove little."""
    accuracy, low, high = evaluation.accuracy, evaluation.accuracy_low, evaluation.accuracy_high
    if not evaluation.heldout_pairs or accuracy is None or low is None or high is None:
        return Check("accuracy", None, "No held-out pairs yet: accuracy not checked")
    words = (
        f"Right on {accuracy:.0%} of {evaluation.heldout_pairs} held-out pairs "
        f"(95 % interval {low:.0%} to {high:.0%})"
    )
    if high <= 0.5:
        return Check("accuracy", False, f"{words}: no better than chance")
    if low > 0.5:
        return Check("accuracy", True, f"{words}: better than chance")
    return Check("accuracy", None, f"{words}: too few pairs to tell it from chance")
