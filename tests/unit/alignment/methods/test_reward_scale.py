"""What a round counts rewards in: how far replies to the same prompt lie apart before training."""

import math
import random
from collections.abc import Sequence
from statistics import pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment.contract.errors import RoundRefused
from alignment.contract.snapshot import Messages
from alignment.methods.reward_scale import PROMPTS, REPLIES, deviation, in_units, measure_unit

ASKED: list[Messages] = [({"role": "user", "content": f"Question {number}"},) for number in range(20)]


def numbered(asked: Sequence[Messages]) -> list[str]:
    """Replies that can be told apart."""
    chance = random.Random(0)
    return [f"{chance.random():.6f}" for _ in asked]


def told(items: Sequence[tuple[Messages, str]]) -> list[float]:
    return [float(reply) for _, reply in items]


@given(st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_rewards_in_units_do_not_depend_on_how_modest_or_high_the_reward_model_is(
    factor: float, shift: float
) -> None:
    def score(items: Sequence[tuple[Messages, str]]) -> list[float]:
        return [factor * reward + shift for reward in told(items)]

    items = [(ASKED[0], "0.25"), (ASKED[0], "0.75")]
    worse, better = in_units(score, measure_unit(ASKED, numbered, score))(items)
    plain = in_units(told, measure_unit(ASKED, numbered, told))(items)
    assert better - worse == pytest.approx(plain[1] - plain[0], rel=1e-3)


def test_several_replies_to_a_few_prompts_are_asked_for() -> None:
    seen: list[Messages] = []

    def draw(asked: Sequence[Messages]) -> list[str]:
        seen.extend(asked)
        return numbered(asked)

    measure_unit(ASKED, draw, told)
    assert seen == [prompt for prompt in ASKED[:PROMPTS] for _ in range(REPLIES)]


def test_what_prompts_differ_by_does_not_count() -> None:
    assert deviation([[0.0, 1.0], [100.0, 101.0], [7.0]]) == pytest.approx(math.sqrt(0.5))
    assert deviation([[1.0], []]) == 0


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=20))
def test_the_deviation_of_one_prompt_is_that_of_its_replies(rewards: list[float]) -> None:
    unbiased = pstdev(rewards) * math.sqrt(len(rewards) / (len(rewards) - 1))
    assert deviation([rewards]) == pytest.approx(unbiased, abs=1e-9)


@pytest.mark.parametrize(
    ("value", "reason"), [(math.nan, "not numbers"), (math.inf, "not numbers"), (0.3, "all replies alike")]
)
def test_rewards_that_teach_nothing_are_refused_before_training(value: float, reason: str) -> None:
    with pytest.raises(RoundRefused, match=reason):
        measure_unit(ASKED, numbered, lambda items: [value] * len(items))
