"""The loss of whole rankings: all pairs of a ranking, weighted so that each ranking counts the same.

Ouyang et al. 2022 (arXiv 2203.02155), equation 1. With d = r_i - r_j, reply i is preferred to reply j with probability
sigmoid(d - eta), and the two tie with 1 - sigmoid(d - eta) - sigmoid(-d - eta) (Rao and Kupper 1967, equation 2.2, with
eta the logarithm of their theta). eta = 0 is the model of Bradley and Terry (1952), which has no ties.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import logsigmoid

from reward_model.rankings import Pair, Ranked, pairs_of

TIE_SHARES = (0.01, 0.99)


@dataclass(frozen=True, slots=True)
class PairTensors:
    """The pairs of several rankings, whose replies are numbered one after the other. Tensors of shape [pairs].

    `gap` is the number of places between both; `weight` is 1 / (pairs of the same ranking).
    """

    better: torch.Tensor
    worse: torch.Tensor
    tie: torch.Tensor
    gap: torch.Tensor
    weight: torch.Tensor


def learned_pairs(ranked: Ranked, ties: bool) -> list[Pair]:
    """The pairs that the network learns from. Without `ties` those with a winner only."""
    return [pair for pair in pairs_of(ranked) if ties or not pair.tie]


def gather_pairs(rankings: Sequence[Ranked], ties: bool, device: str = "cpu") -> PairTensors:
    """The pairs of all rankings, in order."""
    rows: list[tuple[int, int, bool, int, float]] = []
    first = 0
    for ranked in rankings:
        pairs = learned_pairs(ranked, ties)
        for pair in pairs:
            gap = ranked.places[pair.worse] - ranked.places[pair.better]
            rows.append((first + pair.better, first + pair.worse, pair.tie, gap, 1 / len(pairs)))
        first += len(ranked.replies)

    def column(number: int, dtype: torch.dtype) -> torch.Tensor:
        return torch.tensor([row[number] for row in rows], dtype=dtype, device=device)

    return PairTensors(
        better=column(0, torch.long),
        worse=column(1, torch.long),
        tie=column(2, torch.bool),
        gap=column(3, torch.float32),
        weight=column(4, torch.float32),
    )


def log_win(difference: torch.Tensor, eta: torch.Tensor) -> torch.Tensor:
    """log of the probability that the reply whose reward is `difference` higher is preferred. Any shape."""
    return logsigmoid(difference - eta)


def log_tie(difference: torch.Tensor, eta: torch.Tensor) -> torch.Tensor:
    """log of the probability of a tie, for eta > 0. Any shape.

    1 - sigmoid(d - eta) - sigmoid(-d - eta) = sigmoid(eta + d) sigmoid(eta - d) (1 - exp(-2 eta)), . The right side
    stays exact where d is large or eta is small.
    """
    return logsigmoid(eta + difference) + logsigmoid(eta - difference) + torch.log(-torch.expm1(-2 * eta))


def kwise_loss(
    rewards: torch.Tensor, pairs: PairTensors, eta: torch.Tensor, margin: float = 0.0
) -> torch.Tensor:
    """Negative log-likelihood, summed over rankings. Each ranking counts as the mean over its pairs.

    `rewards` has the shape [replies], `eta` none. A winner must lead by `margin` more for each place between the two
    (Touvron et al. 2023, equation 2). Returns a tensor of no dimension.
    """
    difference = rewards[pairs.better] - rewards[pairs.worse]
    win = log_win(difference - margin * pairs.gap, eta)
    if not bool(pairs.tie.any()):
        return -(pairs.weight * win).sum()
    # eta is 0 only where there are no ties, so that log_tie is finite here, and so are its gradients.
    return -(pairs.weight * torch.where(pairs.tie, log_tie(difference, eta), win)).sum()


def correct_share(rewards: torch.Tensor, pairs: PairTensors) -> float:
    """The share of the pairs with a winner that the rewards get right. NaN if there are none."""
    right = (rewards[pairs.better] > rewards[pairs.worse])[~pairs.tie]
    return float(right.float().mean())


def has_ties(rankings: Sequence[Ranked]) -> bool:
    return any(pair.tie for ranked in rankings for pair in pairs_of(ranked))


def first_threshold(rankings: Sequence[Ranked]) -> float:
    """The eta at which equal rewards give the observed share of ties: P(tie) = tanh(eta / 2) at d = 0."""
    ties = [pair.tie for ranked in rankings for pair in pairs_of(ranked)]
    low, high = TIE_SHARES
    return 2 * math.atanh(min(high, max(low, sum(ties) / len(ties))))


def softplus_inverse(value: float) -> float:
    """The parameter whose softplus is `value` > 0."""
    return value + math.log(-math.expm1(-value))
