"""The loss of whole rankings: all duels of one ranking, weighted so that each ranking counts the same.

Ouyang et al. 2022 (arXiv 2203.02155), equation 1. With d = r_i - r_j a reply i is preferred to j with probability
sigmoid(d - eta), and both are alike with 1 - sigmoid(d - eta) - sigmoid(-d - eta) (Rao and Kupper 1967, equation 2.2, with
eta the logarithm of their theta). eta = 0 is the model of Bradley and Terry (1952), which knows no ties.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import logsigmoid

from reward_model.rankings import Duel, Ranked, duels

TIE_SHARES = (0.01, 0.99)


@dataclass(frozen=True, slots=True)
class Duels:
    """The duels of several rankings, whose replies are numbered one after the other. Tensors of shape [duels].

    `gap` is the number of places between both; `weight` is 1 / (duels of the same ranking).
    """

    better: torch.Tensor
    worse: torch.Tensor
    tie: torch.Tensor
    gap: torch.Tensor
    weight: torch.Tensor


def learned_duels(ranked: Ranked, ties: bool) -> list[Duel]:
    """The duels that the network learns from; without `ties` only those with a winner."""
    return [duel for duel in duels(ranked) if ties or not duel.tie]


def gather_duels(rankings: Sequence[Ranked], ties: bool, device: str = "cpu") -> Duels:
    """The duels of all replies of all rankings, in order."""
    rows: list[tuple[int, int, bool, int, float]] = []
    first = 0
    for ranked in rankings:
        found = learned_duels(ranked, ties)
        for duel in found:
            gap = ranked.places[duel.worse] - ranked.places[duel.better]
            rows.append((first + duel.better, first + duel.worse, duel.tie, gap, 1 / len(found)))
        first += len(ranked.replies)

    def column(number: int, dtype: torch.dtype) -> torch.Tensor:
        return torch.tensor([row[number] for row in rows], dtype=dtype, device=device)

    return Duels(
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

    1 - sigmoid(d - eta) - sigmoid(-d - eta) = sigmoid(eta + d) sigmoid(eta - d) (1 - exp(-2 eta)), of which the right side
    loses no digits where d is large or eta small.
    """
    return logsigmoid(eta + difference) + logsigmoid(eta - difference) + torch.log(-torch.expm1(-2 * eta))


def kwise_loss(rewards: torch.Tensor, found: Duels, eta: torch.Tensor, margin: float = 0.0) -> torch.Tensor:
    """Negative log-likelihood, summed over rankings (of which each is a mean over its duels).

    `rewards` has the shape [replies], `eta` none. A winner must be `margin` further ahead for each place between both
    (Touvron et al. 2023, equation 2). Returns a tensor of no dimension.
    """
    difference = rewards[found.better] - rewards[found.worse]
    win = log_win(difference - margin * found.gap, eta)
    if not bool(found.tie.any()):
        return -(found.weight * win).sum()
    # eta is 0 only where there are no ties, so that log_tie is finite here, and so are its gradients.
    return -(found.weight * torch.where(found.tie, log_tie(difference, eta), win)).sum()


def correct_share(rewards: torch.Tensor, found: Duels) -> float:
    """How many of the duels with a winner the rewards get right; NaN if there are none."""
    right = (rewards[found.better] > rewards[found.worse])[~found.tie]
    return float(right.float().mean())


def has_ties(rankings: Sequence[Ranked]) -> bool:
    return any(duel.tie for ranked in rankings for duel in duels(ranked))


def first_threshold(rankings: Sequence[Ranked]) -> float:
    """The eta under which equal rewards give as many ties as there are: P(tie) = tanh(eta / 2) at d = 0."""
    found = [duel.tie for ranked in rankings for duel in duels(ranked)]
    low, high = TIE_SHARES
    return 2 * math.atanh(min(high, max(low, sum(found) / len(found))))


def softplus_inverse(value: float) -> float:
    """The parameter of which softplus is `value` > 0."""
    return value + math.log(-math.expm1(-value))
