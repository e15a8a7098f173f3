"""The update is scaled just as far as the perplexity budget allows."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.methods.update_scale import Scale, largest_scale


@pytest.mark.parametrize("ceiling", [1.0, 2.0])
def test_the_ceiling_is_taken_after_one_look_where_the_budget_allows_it(ceiling: float) -> None:
    looks: list[float] = []

    def measure(scale: float) -> float:
        looks.append(scale)
        return 1.05

    assert largest_scale(measure, 1.1, ceiling) == Scale(ceiling, 1.05)
    assert looks == [ceiling]


@given(st.floats(0.01, 3.0), st.floats(1.5, 3.0), st.floats(1.001, 1.5), st.integers(1, 8))
def test_the_result_is_the_largest_try_within_the_budget_or_else_the_smallest(
    growth: float, power: float, budget: float, tries: int
) -> None:
    tried: dict[float, float] = {}

    def measure(scale: float) -> float:
        tried[scale] = 1 + growth * scale**power
        return tried[scale]

    chosen = largest_scale(measure, budget, 2.0, tries)
    assert len(tried) <= tries
    assert max(tried) == 2.0
    within = [scale for scale, cost in tried.items() if cost <= budget]
    assert chosen.value == (max(within) if within else min(tried))
    assert chosen.cost == tried[chosen.value]


def test_a_try_that_leaves_much_of_the_budget_is_followed_by_a_larger_one() -> None:
    def steep(scale: float) -> float:
        return 1 + 0.07 * scale**2 + (10 if scale > 2 else 0)

    limit = math.sqrt(0.1 / 0.07)
    assert 0.85 * limit <= largest_scale(steep, 1.1, 3.0).value <= limit


@given(st.floats(0.03, 2.0))
def test_where_the_cost_rises_as_the_square_the_second_try_is_close_to_the_limit(growth: float) -> None:
    limit = math.sqrt(0.1 / growth)
    chosen = largest_scale(lambda scale: 1 + growth * scale**2, 1.1, 2.0, tries=5)
    assert min(0.9 * limit, 1.9) <= chosen.value <= limit


@pytest.mark.parametrize("cost", [math.inf, math.nan])
def test_a_cost_that_is_no_number_is_scaled_down_and_handed_on(cost: float) -> None:
    chosen = largest_scale(lambda scale: cost if scale > 0.2 else 1.0, 1.1, 2.0)
    assert chosen.value <= 0.2
    assert chosen.cost == 1.0
