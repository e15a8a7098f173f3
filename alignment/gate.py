"""The gate: what was measured about a candidate, and whether it may become `latest`. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from reward_model.evaluate import wilson_interval


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a candidate must meet. `max_kl` is in nats per reply, `max_nll_rise` in nats per token; the ratios are shares of
    the champion's or base's."""

    min_accuracy: float = 0.5
    min_heldout_pairs: int = 8
    max_kl: float = 60.0
    min_length_ratio: float = 0.1
    max_length_ratio: float = 3.0
    max_perplexity_ratio: float = 1.1
    max_nll_rise: float = 0.4


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured, candidate against champion (length) or base (the rest). A NaN never passes.

    `nll` is the mean negative log-likelihood of the candidate's replies under the base, `usual_nll` that of the base's own
    replies, or of those that people liked or wrote where that is higher; both in nats per token.
    """

    adapter_changed: bool
    heldout_pairs: int
    heldout_correct: int
    kl: float
    length_ratio: float
    perplexity_ratio: float
    nll: float
    usual_nll: float
    reward: "RewardEvidence | None" = None
    from_pairs: bool = True
    """Whether the method learned from pairs like the held-out ones."""


@dataclass(frozen=True, slots=True)
class RewardEvidence:
    """What a reward model says of the replies to the same prompts: the share of prompts whose reply by the candidate it
    puts above the champion's (a tie is half), Wilson's 95 % interval of it, and the candidate's mean reward less the
    champion's, in log odds."""

    prompts: int
    win_rate: float
    low: float
    high: float
    mean_difference: float


def reward_evidence(candidate: Sequence[float], champion: Sequence[float]) -> RewardEvidence | None:
    """The rewards of both, prompt by prompt, compared. None without prompts."""
    margins = [ours - theirs for ours, theirs in zip(candidate, champion, strict=True)]
    if not margins:
        return None
    wins = sum(1.0 if margin > 0 else 0.5 if margin == 0 else 0.0 for margin in margins)
    low, high = wilson_interval(wins, len(margins))
    return RewardEvidence(len(margins), wins / len(margins), low, high, fmean(margins))


@dataclass(frozen=True, slots=True)
class Decision:
    """`reasons` has one plain sentence per criterion, passed or not."""

    promote: bool
    reasons: tuple[str, ...]


def decide(evidence: Evidence, thresholds: Thresholds) -> Decision:
    """Promote if every criterion passes. Better evidence never turns promote into hold."""
    verdicts = list(_verdicts(evidence, thresholds))
    return Decision(all(passed for passed, _ in verdicts), tuple(reason for _, reason in verdicts))


def _verdicts(evidence: Evidence, limits: Thresholds) -> Iterator[tuple[bool, str]]:
    changed = evidence.adapter_changed
    yield changed, "Training changed the adapter." if changed else "Training changed nothing: same adapter."
    yield _accuracy(evidence, limits)
    yield _at_most(
        "Mean KL from the base is {value:.1f} nats per reply", evidence.kl, limits.max_kl, "{:.1f}"
    )
    yield _length(evidence, limits)
    yield _at_most(
        "Perplexity on the fixed pack is {value:.3f} times the base's",
        evidence.perplexity_ratio,
        limits.max_perplexity_ratio,
        "{:.3f}",
    )
    yield _at_most(
        "Replies have a negative log-likelihood of {value:.2f} nats per token under the base",
        evidence.nll,
        evidence.usual_nll + limits.max_nll_rise,
        "{:.2f}",
    )
    if evidence.reward is not None:
        yield _reward(evidence.reward)


def _reward(seen: RewardEvidence) -> tuple[bool, str]:
    """A reward model is itself learned from few votes: it holds back only where it is sure."""
    found = (
        f"The reward model prefers the candidate's reply to {seen.win_rate:.0%} of {seen.prompts} prompts "
        f"(95 % interval {seen.low:.0%} to {seen.high:.0%})"
    )
    passed = seen.high >= 0.5
    return passed, f"{found}, {'not clearly fewer' if passed else 'clearly fewer'} than the champion's."


def _accuracy(evidence: Evidence, limits: Thresholds) -> tuple[bool, str]:
    """Few pairs prove little: below `min_heldout_pairs` only an interval wholly below the limit holds back. So it does where
    the method did not learn from pairs: that it ranks replies of others is not what it was trained for."""
    pairs, correct = evidence.heldout_pairs, evidence.heldout_correct
    if pairs == 0:
        return True, "No held-out pairs yet, so accuracy does not count."
    low, high = wilson_interval(correct, pairs)
    found = (
        f"{correct} of {pairs} held-out pairs agree with the owner (95 % interval {low:.0%} to {high:.0%})"
    )
    if pairs < limits.min_heldout_pairs or not evidence.from_pairs:
        passed = high >= limits.min_accuracy
        verdict = "which may still be" if passed else "which is clearly below"
        return passed, f"{found}, {verdict} the {limits.min_accuracy:.0%} needed."
    passed = correct / pairs >= limits.min_accuracy
    return passed, f"{found}; {'at least' if passed else 'not the'} {limits.min_accuracy:.0%} needed."


def _length(evidence: Evidence, limits: Thresholds) -> tuple[bool, str]:
    ratio, low, high = evidence.length_ratio, limits.min_length_ratio, limits.max_length_ratio
    passed = low <= ratio <= high
    bounds = f"allowed is {low:g} to {high:g}"
    if math.isnan(ratio):
        return False, f"Reply length could not be measured; {bounds}."
    return passed, f"Replies are {ratio:.2f} times as long as the champion's; {bounds}."


def _at_most(found: str, value: float, limit: float, form: str) -> tuple[bool, str]:
    passed = value <= limit
    bound = f"{'within' if passed else 'above'} the limit of {form.format(limit)}"
    return passed, f"{found.format(value=value)}, {bound}."
