"""Wilson's interval and the expected calibration error, once for training and service."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from alignment.contract import statistics as contract
from reward_model.statistics import bins_of_confidence, calibration_error, wilson_interval

GUESSES = st.lists(st.tuples(st.floats(0.5, 1), st.sampled_from([0.0, 0.5, 1.0])), min_size=1)


@given(st.integers(0, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_is_scipys(counts: tuple[int, int]) -> None:
    successes, trials = counts
    low, high = wilson_interval(successes, trials)
    assert 0 <= low <= high <= 1
    if trials:
        theirs = binomtest(successes, trials).proportion_ci(method="wilson")
        assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
        assert low <= successes / trials <= high


def test_the_interval_takes_half_successes_and_refuses_what_makes_no_sense() -> None:
    assert wilson_interval(0, 0) == (0, 1)
    assert wilson_interval(4, 10)[0] < wilson_interval(4.5, 10)[0] < wilson_interval(5, 10)[0]
    with pytest.raises(ValueError, match="make no sense"):
        wilson_interval(3, 2)


@given(GUESSES, st.integers(1, 20))
def test_every_guess_is_in_one_bin_and_the_bins_are_in_order(
    guesses: list[tuple[float, float]], count: int
) -> None:
    bins = bins_of_confidence(guesses, count)
    assert sum(each.guesses for each in bins) == len(guesses)
    assert sum(each.right for each in bins) == sum(right for _, right in guesses)
    assert [each.low for each in bins] == sorted({each.low for each in bins})
    assert all(each.low - 1e-3 <= each.confidence <= each.high + 1e-3 for each in bins)


def test_the_calibration_error_is_the_distance_of_confidence_from_accuracy() -> None:
    bins = bins_of_confidence([(0.7, 1), (0.7, 0), (0.9, 1)], 5)
    assert [(each.low, each.high, each.accuracy) for each in bins] == [(0.7, 0.8, 0.5), (0.9, 1.0, 1.0)]
    assert calibration_error(bins) == pytest.approx((2 * 0.2 + 0.1) / 3)
    assert math.isnan(calibration_error([]))


def test_the_contract_has_the_same_functions_and_needs_no_library() -> None:
    assert contract.wilson_interval is wilson_interval
    heavy = "{'numpy', 'scipy', 'torch', 'transformers'} & set(sys.modules)"
    code = f"import sys, alignment.contract.statistics; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
