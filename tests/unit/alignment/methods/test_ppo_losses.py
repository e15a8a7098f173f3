"""The formulas of PPO, each against a slow and plain reference or a property that it must have."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alignment.methods.ppo.losses import (
    KlController,
    advantages_and_returns,
    approximate_kl,
    clip_fraction,
    masked_mean,
    policy_losses,
    token_rewards,
    value_losses,
    whiten,
)

NUMBERS = st.floats(-5, 5, width=32)


@st.composite
def replies(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two tensors [replies, tokens] and the mask of replies that are padded on the right."""
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    width = max(lengths)
    size = len(lengths) * width
    first, second = (
        torch.tensor(draw(st.lists(NUMBERS, min_size=size, max_size=size))).reshape(-1, width)
        for _ in range(2)
    )
    return first, second, torch.arange(width) < torch.tensor(lengths)[:, None]


def slow_advantages(rewards: list[float], values: list[float], gamma: float, lam: float) -> list[float]:
    """Equation 16 of Schulman et al. 2016 as it stands there: a sum over all that follows."""
    deltas = [
        reward + gamma * (values[t + 1] if t + 1 < len(values) else 0.0) - values[t]
        for t, reward in enumerate(rewards)
    ]
    return [
        sum((gamma * lam) ** (later - t) * deltas[later] for later in range(t, len(deltas)))
        for t in range(len(deltas))
    ]


@given(replies(), st.floats(0.5, 1), st.floats(0, 1))
def test_advantages_are_those_of_the_slow_sum(
    data: tuple[torch.Tensor, torch.Tensor, torch.Tensor], gamma: float, lam: float
) -> None:
    rewards, values, mask = data
    advantages, returns = advantages_and_returns(torch.where(mask, rewards, 0.0), values, mask, gamma, lam)
    for row, length in enumerate(mask.sum(-1).tolist()):
        slow = slow_advantages(rewards[row, :length].tolist(), values[row, :length].tolist(), gamma, lam)
        assert advantages[row, :length].tolist() == pytest.approx(slow, abs=1e-3)
        assert (returns - values)[row, :length].tolist() == pytest.approx(slow, abs=1e-3)
        assert not advantages[row, length:].any()
        assert not returns[row, length:].any()


@given(replies())
def test_what_stands_on_padding_changes_nothing(
    data: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    rewards, values, mask = data
    other = torch.where(mask, values, 1e6)
    plain = advantages_and_returns(torch.where(mask, rewards, 0.0), values, mask, 1.0, 0.95)
    padded = advantages_and_returns(torch.where(mask, rewards, 0.0), other, mask, 1.0, 0.95)
    assert torch.equal(plain[0], padded[0])
    assert torch.equal(plain[1], padded[1])
    assert torch.equal(masked_mean(values, mask), masked_mean(other, mask))
    assert torch.equal(whiten(values, mask), whiten(other, mask))


@given(replies())
def test_whitened_values_have_mean_0_and_deviation_1(
    data: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    values, _, mask = data
    spread = float(values[mask].std(unbiased=False))
    white = whiten(values, mask)[mask]
    assert float(white.mean()) == pytest.approx(0, abs=1e-3)
    if spread > 0.1:
        assert float(white.std(unbiased=False)) == pytest.approx(1, abs=1e-3)


def test_whitening_may_leave_the_mean_where_it_is() -> None:
    values, mask = torch.tensor([[1.0, 3.0, 5.0]]), torch.ones(1, 3, dtype=torch.bool)
    white = whiten(values, mask, shift_mean=False)
    assert float(white.mean()) == pytest.approx(3)
    assert float(white.std(unbiased=False)) == pytest.approx(1)


def test_the_score_is_paid_on_the_last_token_and_the_kl_on_each() -> None:
    mask = torch.tensor([[True, True, True], [True, False, False]])
    kl = torch.tensor([[1.0, 2.0, -1.0], [4.0, 9.0, 9.0]])
    rewards = token_rewards(torch.tensor([10.0, 20.0]), kl, 0.5, mask)
    assert rewards.tolist() == [[-0.5, -1.0, 10.5], [18.0, 0.0, 0.0]]


def test_an_unchanged_policy_has_the_negated_advantage_as_its_loss_and_no_kl() -> None:
    log_probs, advantages = torch.tensor([[-1.0, -2.0]]), torch.tensor([[0.5, -3.0]])
    assert torch.equal(policy_losses(log_probs, log_probs, advantages, 0.2), -advantages)
    assert not approximate_kl(log_probs, log_probs).any()
    assert not clip_fraction(log_probs, log_probs, 0.2).any()


@pytest.mark.parametrize(
    ("log_ratio", "advantage", "moves"),
    [(0.1, 1.0, True), (0.5, 1.0, False), (-0.5, 1.0, True), (0.5, -1.0, True), (-0.5, -1.0, False)],
)
def test_the_policy_is_not_paid_for_moving_further_than_the_clip_range(
    log_ratio: float, advantage: float, moves: bool
) -> None:
    log_probs = torch.tensor([[log_ratio - 1]], requires_grad=True)
    loss = policy_losses(log_probs, torch.tensor([[-1.0]]), torch.tensor([[advantage]]), 0.2)
    loss.sum().backward()  # type: ignore[no-untyped-call]
    assert log_probs.grad is not None
    assert bool(log_probs.grad.any()) == moves


@given(NUMBERS, NUMBERS, NUMBERS)
def test_the_value_loss_is_never_below_the_unclipped_one(value: float, old: float, aim: float) -> None:
    tensors = [torch.tensor([[each]]) for each in (value, old, aim)]
    clipped = float(value_losses(tensors[0], tensors[1], tensors[2], 0.2))
    assert clipped >= 0.5 * (value - aim) ** 2 - 1e-4
    if abs(value - old) <= 0.2:
        assert clipped == pytest.approx(0.5 * (value - aim) ** 2, abs=1e-4)


@given(replies())
def test_the_approximate_kl_is_never_negative(data: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
    assert bool((approximate_kl(data[0], data[1]) >= -1e-4).all())


def test_the_clip_fraction_counts_ratios_outside_of_the_range() -> None:
    log_probs = torch.tensor([[0.0, math.log(1.3), math.log(0.7), math.log(1.1)]])
    assert clip_fraction(log_probs, torch.zeros(1, 4), 0.2).tolist() == [[0.0, 1.0, 1.0, 0.0]]


def test_a_kl_coefficient_without_a_target_stays() -> None:
    assert KlController(0.1, None, 100).after(1e3, 50) == KlController(0.1, None, 100)


@given(st.floats(0.01, 100), st.integers(1, 256))
def test_the_kl_coefficient_rises_where_the_kl_is_too_high_and_falls_where_it_is_too_low(
    kl: float, replies: int
) -> None:
    before = KlController(0.1, 5.0, 256)
    after = before.after(kl, replies)
    assert (after.coef > before.coef) == (kl > 5.0) or kl == pytest.approx(5.0)
    assert 0.8 * 0.1 <= after.coef <= 1.2 * 0.1
