"""The gate says promote only if everything passes, and says why in plain words."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.contract.manifests.gate import RewardEvidence
from alignment.contract.manifests.reward import RewardEvaluation
from alignment.contract.thresholds import Thresholds
from alignment.gate.decision import Evidence, decide, decide_reward, reward_evidence
from reward_model.evaluate import preference_accuracy

GOOD = Evidence(
    adapter_changed=True,
    heldout_pairs=40,
    heldout_correct=30,
    kl=12.0,
    length_ratio=0.9,
    perplexity_ratio=1.02,
    nll=2.1,
    usual_nll=2.0,
)
LIMITS = Thresholds()


def test_good_evidence_is_promoted_with_a_reason_for_each_criterion() -> None:
    decision = decide(GOOD, LIMITS)
    assert decision.promote
    assert len(decision.reasons) == 6
    assert "30 of 40 held-out pairs agree" in decision.reasons[1]


@pytest.mark.parametrize(
    ("flaw", "word"),
    [
        ({"adapter_changed": False}, "did not change"),
        ({"heldout_correct": 19}, "19 of 40 held-out pairs agree (limit: at least 50%)"),
        ({"kl": 60.1}, "60.1 nats per reply (limit: at most 60.0)"),
        ({"length_ratio": 0.05}, "Reply length: 0.05 times"),
        ({"length_ratio": 3.1}, "limit: 0.2 to 3"),
        ({"perplexity_ratio": 1.11}, "limit: at most 1.100"),
        ({"kl": math.nan}, "not a number nats"),
        ({"length_ratio": math.nan}, "could not be measured"),
        ({"perplexity_ratio": math.inf}, "inf times"),
        ({"nll": 2.41}, "2.41 nats per token under the base model (limit: at most 2.40)"),
        ({"usual_nll": 1.5}, "limit: at most 1.90"),
        ({"nll": math.nan}, "not a number nats per token"),
    ],
)
def test_one_failed_criterion_holds_the_model_and_is_named(flaw: dict[str, float], word: str) -> None:
    decision = decide(replace(GOOD, **flaw), LIMITS)
    assert not decision.promote
    assert any(word in reason for reason in decision.reasons)
    assert len(decision.reasons) == 6


@pytest.mark.parametrize(
    ("pairs", "correct", "passed", "words"),
    [
        (5, 5, True, "5 of 5 held-out pairs agree (limit: at least 50%)"),
        (1, 1, True, "1 of 1 held-out pair agrees (limit: at least 50%)"),
        (6, 2, None, "2 of 6 held-out pairs agree (limit: at least 50%): not counted, too few pairs to tell"),
        (6, 0, False, "0 of 6 held-out pairs agree, clearly too few (limit: at least 50%)"),
        (0, 0, None, "No held-out pairs yet: not checked"),
    ],
)
def test_the_line_about_held_out_pairs_counts_them_and_names_the_limit(
    pairs: int, correct: int, passed: bool | None, words: str
) -> None:
    check = decide(replace(GOOD, heldout_pairs=pairs, heldout_correct=correct), LIMITS).checks[1]
    assert (check.passed, check.words) == (passed, words)


def test_without_heldout_pairs_accuracy_does_not_count() -> None:
    assert decide(replace(GOOD, heldout_pairs=0, heldout_correct=0), LIMITS).promote


def test_few_heldout_pairs_hold_back_only_when_clearly_bad() -> None:
    unlucky = replace(GOOD, heldout_pairs=6, heldout_correct=2)
    hopeless = replace(GOOD, heldout_pairs=6, heldout_correct=0)
    assert decide(unlucky, LIMITS).promote
    assert not decide(hopeless, LIMITS).promote


def test_a_method_that_did_not_learn_from_pairs_is_held_back_by_them_only_when_clearly_bad() -> None:
    unlucky = replace(GOOD, heldout_pairs=40, heldout_correct=18)
    assert not decide(unlucky, LIMITS).promote
    assert decide(replace(unlucky, from_pairs=False), LIMITS).promote
    assert not decide(replace(unlucky, heldout_correct=8, from_pairs=False), LIMITS).promote


@pytest.mark.parametrize(
    ("high", "promoted", "words"), [(0.49, False, "20% to 49%"), (0.5, True, "20% to 50%")]
)
def test_a_reward_model_holds_back_only_where_it_is_sure(high: float, promoted: bool, words: str) -> None:
    seen = replace(GOOD, reward=RewardEvidence(24, 0.3, 0.2, high, -0.4))
    decision = decide(seen, LIMITS)
    assert decision.promote is promoted
    assert "prefers the new version's reply to 30% of 24 prompts" in decision.reasons[-1]
    assert words in decision.reasons[-1]


def test_rewards_are_compared_prompt_by_prompt_and_a_tie_is_half() -> None:
    found = reward_evidence([1.0, 2.0, 0.0, 1.0], [0.0, 2.0, 1.0, 0.0])
    assert found is not None
    assert (found.prompts, found.win_rate, found.mean_difference) == (4, 0.625, 0.25)
    assert found.low < 0.625 < found.high
    assert reward_evidence([], []) is None


evidence = st.integers(0, 200).flatmap(
    lambda pairs: st.builds(
        Evidence,
        adapter_changed=st.booleans(),
        heldout_pairs=st.just(pairs),
        heldout_correct=st.integers(0, pairs),
        from_pairs=st.booleans(),
        kl=st.floats(-5, 200),
        length_ratio=st.floats(0, 6),
        perplexity_ratio=st.floats(0.5, 3),
        nll=st.floats(0, 12),
        usual_nll=st.floats(0, 12),
    )
)
thresholds = st.builds(
    Thresholds,
    min_accuracy=st.floats(0, 1),
    min_heldout_pairs=st.integers(0, 50),
    max_kl=st.floats(0.1, 100),
    min_length_ratio=st.floats(0, 1),
    max_length_ratio=st.floats(1, 5),
    max_perplexity_ratio=st.floats(1, 2),
    max_nll_rise=st.floats(0, 5),
)
shares = st.floats(0, 1)


@given(evidence, thresholds, shares, shares, shares, shares, shares)
def test_better_evidence_never_turns_promote_into_hold(
    seen: Evidence,
    limits: Thresholds,
    more: float,
    less_kl: float,
    nearer: float,
    less_perplexity: float,
    less_nll: float,
) -> None:
    better = replace(
        seen,
        adapter_changed=True,
        heldout_correct=seen.heldout_correct + round(more * (seen.heldout_pairs - seen.heldout_correct)),
        kl=seen.kl - 10 * less_kl,
        length_ratio=seen.length_ratio + nearer * (1 - seen.length_ratio),
        perplexity_ratio=seen.perplexity_ratio - less_perplexity,
        nll=seen.nll - less_nll,
    )
    assert decide(better, limits).promote or not decide(seen, limits).promote


@given(evidence, thresholds, thresholds)
def test_looser_limits_never_turn_promote_into_hold(
    seen: Evidence, one: Thresholds, other: Thresholds
) -> None:
    looser = Thresholds(
        min_accuracy=min(one.min_accuracy, other.min_accuracy),
        min_heldout_pairs=one.min_heldout_pairs,
        max_kl=max(one.max_kl, other.max_kl),
        min_length_ratio=min(one.min_length_ratio, other.min_length_ratio),
        max_length_ratio=max(one.max_length_ratio, other.max_length_ratio),
        max_perplexity_ratio=max(one.max_perplexity_ratio, other.max_perplexity_ratio),
        max_nll_rise=max(one.max_nll_rise, other.max_nll_rise),
    )
    assert decide(seen, looser).promote or not decide(seen, one).promote


def test_preference_accuracy_counts_only_margins_above_zero() -> None:
    measured = preference_accuracy([1.0, 0.0, -2.0, math.nan])
    assert (measured.pairs, measured.correct, measured.value) == (4, 1, 0.25)
    assert math.isnan(preference_accuracy([]).value)


ACCURATE = {"pairs": 40, "heldout_pairs": 20, "accuracy": 0.8, "accuracy_low": 0.6, "accuracy_high": 0.9}
NONE_HELD_OUT = {"heldout_pairs": 0, "accuracy": None, "accuracy_low": None, "accuracy_high": None}


@pytest.mark.parametrize(
    ("record", "promote", "words"),
    [
        (ACCURATE, True, "80% of 20 held-out pairs (95 % interval 60% to 90%): better than chance"),
        (ACCURATE | {"accuracy_low": 0.4}, True, "too few pairs to tell it from chance"),
        (
            ACCURATE | {"accuracy": 0.3, "accuracy_low": 0.1, "accuracy_high": 0.5},
            False,
            "no better than chance",
        ),
        (ACCURATE | NONE_HELD_OUT, True, "No held-out pairs yet"),
        (ACCURATE | {"pairs": 7}, False, "Trained on 7 pairs (limit: at least 8)"),
    ],
)
def test_a_reward_model_is_used_unless_it_has_too_few_pairs_or_is_no_better_than_chance(
    record: dict[str, Any], promote: bool, words: str
) -> None:
    decision = decide_reward(RewardEvaluation.from_record(record), 8)
    assert decision.promote is promote
    assert words in " ".join(decision.reasons)
    assert len(decision.reasons) == 2
