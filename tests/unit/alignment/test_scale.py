"""The update is scaled down just as far as the perplexity budget asks."""

from hypothesis import given
from hypothesis import strategies as st

from alignment.scale import largest_scale


def test_an_update_within_the_budget_is_left_alone_after_one_look() -> None:
    looks: list[float] = []

    def measure(scale: float) -> float:
        looks.append(scale)
        return 1.05

    assert largest_scale(measure, 1.1).value == 1.0
    assert looks == [1.0]


@given(st.floats(0.01, 3.0), st.floats(1.001, 1.5), st.integers(2, 8))
def test_the_result_keeps_the_budget_if_any_try_did(growth: float, budget: float, tries: int) -> None:
    tried: dict[float, float] = {}

    def measure(scale: float) -> float:
        tried[scale] = 1 + growth * scale**2
        return tried[scale]

    chosen = largest_scale(measure, budget, tries)
    assert len(tried) <= tries
    assert chosen.cost == tried[chosen.value]
    within = [scale for scale, cost in tried.items() if cost <= budget]
    assert chosen.value == (max(within) if within else min(tried))


def test_bisection_comes_close_to_the_true_limit() -> None:
    # 1 + 0.4 s^2 <= 1.1 up to s = 0.5
    chosen = largest_scale(lambda scale: 1 + 0.4 * scale**2, 1.1, tries=8)
    assert 0.5 - 1 / 64 <= chosen.value <= 0.5
