"""The formulas of PPO on replies, as pure functions of tensors [replies, tokens] and a mask that is true on the tokens of a
reply. Padding never counts, whatever stands there.

Schulman et al. 2016 (1506.02438) and 2017 (1707.06347), Ziegler et al. 2019 (1909.08593), and the details that Huang et al.
2024 (2403.17031) found to matter.
"""

from dataclasses import dataclass

import torch

Tensor = torch.Tensor


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the tokens of all replies; 0 where there are none."""
    return torch.where(mask, values, 0.0).sum() / mask.sum().clamp_min(1)


def whiten(values: Tensor, mask: Tensor, shift_mean: bool = True) -> Tensor:
    """Values with standard deviation 1, and with mean 0 unless the mean is to stay. 0 on padding."""
    # Values that are all but equal are multiplied by 1e4, and the rounding of their mean with them.
    exact = values.double()
    mean = masked_mean(exact, mask)
    variance = masked_mean((exact - mean) ** 2, mask)
    white = (exact - mean) * torch.rsqrt(variance + 1e-8)
    return torch.where(mask, white if shift_mean else white + mean, 0.0).to(values)


def token_rewards(scores: Tensor, kl: Tensor, kl_coef: float, mask: Tensor) -> Tensor:
    """The reward of each token: the penalty for its KL, and on the last token the score [replies] (Ziegler et al. 2019,
    equation 2, spread over the tokens). A reply has at least one token."""
    rewards = torch.where(mask, -kl_coef * kl, 0.0)
    last = mask.long().cumsum(-1).argmax(-1, keepdim=True)
    return rewards.scatter_add(-1, last, scores[:, None].to(rewards))


def advantages_and_returns(
    rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float
) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimates (Schulman et al. 2016, equation 16) and the returns they stand for. Nothing comes after
    the last token of a reply."""
    values = torch.where(mask, values, 0.0)
    advantages = torch.zeros_like(values)
    following, next_value = torch.zeros_like(values[:, 0]), torch.zeros_like(values[:, 0])
    for token in reversed(range(values.shape[1])):
        delta = rewards[:, token] + gamma * next_value - values[:, token]
        following = torch.where(mask[:, token], delta + gamma * lam * following, 0.0)
        next_value = values[:, token]
        advantages[:, token] = following
    return advantages, torch.where(mask, advantages + values, 0.0)


def policy_losses(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, clip_range: float) -> Tensor:
    """The clipped surrogate objective of each token, negated (Schulman et al. 2017, equation 7)."""
    ratio = torch.exp(log_probs - old_log_probs)
    clipped = ratio.clamp(1 - clip_range, 1 + clip_range)
    return torch.maximum(-advantages * ratio, -advantages * clipped)


def value_losses(values: Tensor, old_values: Tensor, returns: Tensor, clip_range: float) -> Tensor:
    """Half the squared error of each token's value, of the worse of the value and the value clipped to be near the old one
    (Huang et al. 2024, section 3, "value function loss clipping")."""
    near = old_values + (values - old_values).clamp(-clip_range, clip_range)
    return 0.5 * torch.maximum((values - returns) ** 2, (near - returns) ** 2)


def approximate_kl(log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
    """An estimate of KL(old, new) per token that is never negative: (r - 1) - log r, with r = new / old (Schulman, "Approximating
    KL divergence", k3)."""
    log_ratio = log_probs - old_log_probs
    return torch.expm1(log_ratio) - log_ratio


def clip_fraction(log_probs: Tensor, old_log_probs: Tensor, clip_range: float) -> Tensor:
    """1.0 for each token whose ratio is outside of what pays, else 0.0."""
    return ((torch.exp(log_probs - old_log_probs) - 1).abs() > clip_range).float()


@dataclass(frozen=True, slots=True)
class KlController:
    """The weight of the KL penalty: fixed without a target, else proportional control of its logarithm (Ziegler et al. 2019,
    section 2.2). `horizon` counts replies."""

    coef: float
    target: float | None
    horizon: int

    def after(self, kl: float, replies: int) -> "KlController":
        """The controller once `replies` replies had a mean KL of `kl` nats."""
        if self.target is None:
            return self
        error = min(max(kl / self.target - 1, -0.2), 0.2)
        return KlController(self.coef * (1 + error * replies / self.horizon), self.target, self.horizon)
