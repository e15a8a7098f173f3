"""The loss of whole rankings, with and without ties."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reward_model.loss import (
    correct_share,
    first_threshold,
    gather_pairs,
    kwise_loss,
    log_tie,
    log_win,
    softplus_inverse,
)
from reward_model.rankings import Ranked

PROMPT = ({"role": "user", "content": "Hello"},)
NO_TIES = torch.tensor(0.0)


def ranking(*places: int) -> Ranked:
    return Ranked(PROMPT, tuple(f"reply {index}" for index in range(len(places))), places)


def loss(rewards: list[float], *rankings: Ranked, eta: float = 0.0, margin: float = 0.0) -> float:
    found = gather_pairs(rankings, ties=eta > 0)
    return float(kwise_loss(torch.tensor(rewards), found, torch.tensor(eta), margin))


@settings(deadline=None)  # busy machines
@given(st.floats(-30, 30), st.floats(1e-3, 10))
def test_the_three_outcomes_of_a_pair_sum_to_one(difference: float, eta: float) -> None:
    d, threshold = torch.tensor(difference).double(), torch.tensor(eta).double()
    total = log_win(d, threshold).exp() + log_win(-d, threshold).exp() + log_tie(d, threshold).exp()
    assert float(total) == pytest.approx(1, abs=1e-9)


def test_two_replies_without_ties_are_bradley_terry() -> None:
    assert loss([1.5, 0.2], ranking(0, 1)) == pytest.approx(-math.log(1 / (1 + math.exp(-1.3))))


def test_a_ranking_of_nine_counts_as_much_as_one_of_two() -> None:
    found = gather_pairs([ranking(*range(9)), ranking(1, 0)], ties=True)
    assert len(found.weight) == 36 + 1
    assert float(found.weight[:36].sum()) == pytest.approx(float(found.weight[36:].sum())) == 1
    assert loss([0.0] * 9, ranking(*range(9))) == pytest.approx(loss([0.0] * 2, ranking(0, 1)))


def test_pairs_of_later_rankings_point_at_their_own_replies() -> None:
    found = gather_pairs([ranking(0, 1), ranking(1, 0)], ties=True)
    assert found.better.tolist() == [0, 3]
    assert found.worse.tolist() == [1, 2]


def test_ties_are_left_out_where_they_are_not_learned() -> None:
    found = gather_pairs([ranking(0, 0, 1)], ties=False)
    assert not bool(found.tie.any())
    assert found.weight.tolist() == [0.5, 0.5]


@settings(deadline=None)  # busy machines
@given(
    st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4),
    st.lists(st.integers(0, 2), min_size=4, max_size=4),
    st.floats(1e-6, 20),
)
def test_loss_and_gradients_are_finite(rewards: list[float], places: list[int], eta: float) -> None:
    scores = torch.tensor(rewards, requires_grad=True)
    parameter = torch.tensor(softplus_inverse(eta), requires_grad=True)
    threshold = torch.nn.functional.softplus(parameter)
    value = kwise_loss(scores, gather_pairs([ranking(*places)], ties=True), threshold)
    value.backward()
    assert math.isfinite(float(value.detach()))
    assert scores.grad is not None
    assert bool(torch.isfinite(scores.grad).all())
    assert parameter.grad is None or math.isfinite(float(parameter.grad))


def test_equal_rewards_make_a_tie_likeliest() -> None:
    assert loss([0.0, 0.0], ranking(0, 0), eta=1.0) < loss([2.0, 0.0], ranking(0, 0), eta=1.0)


def test_a_margin_asks_for_more_with_each_place_between() -> None:
    assert loss([1.0, 0.0], ranking(0, 1), margin=1.0) == pytest.approx(math.log(2))
    assert loss([2.0, 0.0], ranking(0, 2), margin=1.0) == pytest.approx(math.log(2))


def test_the_first_threshold_gives_as_many_ties_as_there_are() -> None:
    eta = torch.tensor(first_threshold([ranking(0, 0), ranking(0, 1), ranking(1, 0), ranking(0, 1)]))
    assert float(log_tie(NO_TIES, eta).exp()) == pytest.approx(0.25)


def test_only_pairs_with_a_winner_can_be_right() -> None:
    found = gather_pairs([ranking(0, 0, 1)], ties=True)
    assert correct_share(torch.tensor([1.0, -1.0, 0.0]), found) == 0.5


@settings(deadline=None)  # busy machines
@given(st.floats(1e-6, 50))
def test_softplus_is_inverted(value: float) -> None:
    there = torch.nn.functional.softplus(torch.tensor(softplus_inverse(value)).double())
    assert float(there) == pytest.approx(value, rel=1e-4)
