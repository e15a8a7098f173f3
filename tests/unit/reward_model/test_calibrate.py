"""Temperature scaling, calibration error, and the report."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_model.calibrate import USUAL, calibration_bins, expected_calibration_error, fit_temperature
from reward_model.rankings import Ranked
from reward_model.report import evaluate_rewards

PROMPT = ({"role": "user", "content": "?"},)


def margins(count: int, factor: float) -> list[float]:
    """Margins `factor` times as large as the log odds under which they came about."""
    chance = np.random.default_rng(0)
    odds = chance.normal(0, 1.5, count)
    won = chance.random(count) < 1 / (1 + np.exp(-odds))
    return [float(value) for value in factor * np.where(won, odds, -odds)]


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_the_temperature_undoes_what_margins_were_multiplied_by(factor: float) -> None:
    found = margins(4000, factor)
    temperature = fit_temperature(found)
    assert temperature == pytest.approx(factor, rel=0.1)
    assert expected_calibration_error([margin / temperature for margin in found]) < 0.03


def test_few_pairs_leave_the_temperature_near_the_usual() -> None:
    assert fit_temperature([]) == pytest.approx(USUAL, rel=1e-3)
    assert USUAL / 1.5 < fit_temperature([5.0]) < USUAL
    assert USUAL < fit_temperature([-5.0]) < 2 * USUAL


def test_margins_that_are_too_large_show_as_calibration_error() -> None:
    assert expected_calibration_error(margins(2000, 4.0)) > 0.1
    assert math.isnan(expected_calibration_error([]))


@given(st.lists(st.floats(-50, 50), min_size=1))
def test_every_pair_is_in_one_bin(values: list[float]) -> None:
    found = calibration_bins(values)
    assert sum(item.guesses for item in found) == len(values)
    assert all(0.5 <= item.confidence <= 1 and 0 <= item.accuracy <= 1 for item in found)


def test_the_report_tells_where_a_model_is_right() -> None:
    rankings = [
        Ranked(PROMPT, ("short", "a much longer reply"), (0, 1)),
        Ranked(PROMPT, ("aa", "bb"), (0, 1)),
    ]
    record = evaluate_rewards(
        [*rankings, Ranked(PROMPT, ("x", "y"), (0, 0))], [[-1.5, 1.5], [0.1, 0.0], [0, 0]]
    ).record()
    assert (record["heldout_pairs"], record["accuracy"]) == (2, 0.5)
    assert record["accuracy_low"] < 0.5 < record["accuracy_high"]
    assert record["length_correlation"] > 0.9
    by_length = {(part["low"], part["high"]): part["accuracy"] for part in record["by_length"]}
    assert by_length == {(0.0, 0.5): 0.0, (0.8, 1.25): 1.0}
    assert [part["pairs"] for part in record["by_margin"]] == [1, 1]
    assert record["by_margin"][-1]["high"] is None


def test_without_pairs_the_report_says_so() -> None:
    record = evaluate_rewards([], []).record()
    assert (record["heldout_pairs"], record["accuracy"], record["ece"]) == (0, None, None)
    assert record["length_correlation"] is None
    assert record["calibration"] == []
