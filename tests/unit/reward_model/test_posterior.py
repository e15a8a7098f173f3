"""The Bayesian Bradley-Terry head."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad

from reward_model.posterior import (
    Array,
    PairFeatures,
    fit,
    fit_widths,
    information,
    log_likelihood,
    tie_threshold,
    use_weights,
)

TASTE = np.array([1.5, -0.5, 0.0])


def drawn(count: int, seed: int = 0, flips: float = 0.0) -> PairFeatures:
    """PairFeatures decided by TASTE with logistic noise; `flips` of them the other way round."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(count, 3))
    won = x @ TASTE + chance.logistic(size=count) > 0
    won ^= chance.random(count) < flips
    return PairFeatures(np.where(won[:, None], x, -x), np.zeros(count, bool), np.ones(count))


def test_the_taste_is_found_within_its_stated_doubt() -> None:
    found = fit_widths(drawn(800))
    deviation = np.sqrt(np.diag(found.covariance))
    assert (np.abs(found.mean - TASTE) < 4 * deviation).all()
    assert deviation.max() < 0.2


def test_doubt_shrinks_with_rankings_and_pulls_guesses_towards_a_half() -> None:
    few, many = fit(drawn(20), 0.5), fit(drawn(500), 0.5)
    x = np.array([[1.0, 0.0, 0.0]])
    assert many.margin(x)[1] < few.margin(x)[1]
    sure = 1 / (1 + math.exp(-few.margin(x)[0][0]))
    assert 0.5 < few.win(x)[0] < sure


def test_both_sides_of_a_pair_add_up_to_one() -> None:
    found, x = fit_widths(drawn(50)), np.random.default_rng(1).normal(size=(20, 3))
    assert found.win(x) + found.win(-x) == pytest.approx(np.ones(20))


def test_noise_of_the_owner_makes_it_less_sure() -> None:
    x = np.array([[1.0, 0.0, 0.0]])
    assert fit_widths(drawn(400, flips=0.3)).win(x)[0] < fit_widths(drawn(400)).win(x)[0]


def test_rankings_that_contradict_each_other_leave_a_half() -> None:
    one = drawn(40)
    both = PairFeatures(np.concatenate([one.x, -one.x]), np.zeros(80, bool), np.ones(80))
    assert fit_widths(both).win(one.x) == pytest.approx(np.full(40, 0.5), abs=1e-6)


def test_a_warm_start_ends_where_a_cold_one_does() -> None:
    pairs = drawn(60)
    assert fit(pairs, 0.3, start=np.ones(3)).mean == pytest.approx(fit(pairs, 0.3).mean, abs=1e-5)


@given(st.floats(-20, 20), st.floats(0.01, 3))
def test_the_three_outcomes_of_a_pair_add_up_to_one(margin: float, eta: float) -> None:
    at, tie = np.array([margin]), np.array([True])
    win, lose = (math.exp(log_likelihood(side, ~tie, eta)[0][0]) for side in (at, -at))
    assert win + lose + math.exp(log_likelihood(at, tie, eta)[0][0]) == pytest.approx(1)


@settings(deadline=None)
@given(st.floats(-5, 5), st.booleans())
def test_the_derivatives_are_those_of_the_likelihood(margin: float, tied: bool) -> None:
    tie = np.array([tied])

    def value(at: Array) -> float:
        return float(log_likelihood(at, tie, 0.7)[0][0])

    def slope(at: Array) -> Array:
        return log_likelihood(at, tie, 0.7)[1]

    def bend(at: Array) -> Array:
        return -log_likelihood(at, tie, 0.7)[2]

    at = np.array([margin])
    assert check_grad(value, slope, at) < 1e-5
    assert check_grad(lambda a: float(slope(a)[0]), bend, at) < 1e-5


def test_ties_raise_their_threshold_and_none_leave_it_at_zero() -> None:
    assert tie_threshold(0, 10) == 0
    assert 0 < tie_threshold(2, 10) < tie_threshold(8, 10)


def test_what_is_not_known_yet_tells_most() -> None:
    pairs = drawn(200)
    narrow = PairFeatures(
        pairs.x * [1, 0, 0], pairs.tie, pairs.weight
    )  # nothing is known of the second feature
    known, unknown = np.array([[0.3, 0.0, 0.0]]), np.array([[0.0, 0.3, 0.0]])
    found = fit(narrow, 0.5)
    assert information(found, unknown)[0] > information(found, known)[0] > 0
    assert information(found, np.zeros((1, 3)))[0] == pytest.approx(0, abs=1e-3)


def test_a_reply_in_many_pairs_weighs_less_in_each() -> None:
    assert use_weights([("a", "b"), ("a", "c")]) == pytest.approx([1 / math.sqrt(2)] * 2)
    assert use_weights([("a", "b")]) == pytest.approx([1])
