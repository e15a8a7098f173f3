"""When a round is worth it: from measured guesses, or not said at all."""

import random

import pytest

from feedback_app.domain.learning_curve import FEWEST, Curve, first_round, fitted, next_round
from feedback_app.services.shares import share


def guesses(n: int, level: float, slope: float, seed: int = 1) -> list[bool]:
    curve, chance = Curve(level, slope, 0), random.Random(seed)
    return [chance.random() < curve.at(i) for i in range(1, n + 1)]


@pytest.mark.parametrize("right", [[], [True] * (FEWEST - 1), [True, False] * 30, [False] * 40])
def test_nothing_is_promised_from_few_guesses_or_guesses_no_better_than_chance(right: list[bool]) -> None:
    assert first_round(right) is None


def test_the_first_round_is_worth_it_once_guesses_are_surely_better_than_chance() -> None:
    assert first_round([True] * 40) == 0
    sixty = [True, True, True, False, False] * 6
    missing = first_round(sixty)
    assert missing
    n = len(sixty) + missing
    assert share(round(0.6 * n), n).low > 0.49
    assert share(round(0.6 * (n - 10)), n - 10).low < 0.5


def test_a_rising_curve_says_how_many_more_rankings_the_next_round_needs() -> None:
    right = guesses(600, -0.6, 0.35)
    curve = fitted(right)
    assert curve is not None
    assert curve.slope == pytest.approx(0.35, abs=3 * curve.error)
    missing = next_round(right, 550)
    assert missing
    assert curve.at(600 + missing) >= curve.at(550) + 0.02 > curve.at(600 + missing - 2)
    assert next_round(right, 100) == 0


def test_a_curve_whose_rise_could_be_chance_promises_nothing() -> None:
    flat = guesses(200, 0.5, 0)
    assert next_round(flat, 150) is None
    assert fitted([True] * 50) is None
