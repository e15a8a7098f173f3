"""Proximal policy optimisation of a LoRA adapter against a reward model, on one base in memory.

TRL removed its PPO in 1.13. This one follows Ziegler et al. 2019 and Ouyang et al. 2022, with the details that Huang et al.
2024 (arXiv 2403.17031) found to matter. An update draws replies, scores them, and learns from them in several passes.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import torch
from peft import set_peft_model_state_dict

from alignment import adapter
from alignment.configs.ppo import PpoConfig
from alignment.ppo_math import (
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
from alignment.ppo_model import POLICY, ActorCritic
from alignment.ppo_rollout import Reply, Sampling, draw_replies, lay_out, right_padded, spread
from alignment.ppo_state import Progress
from alignment.snapshot import Messages

Tensor = torch.Tensor
Score = Callable[[Sequence[tuple[Messages, str]]], list[float]]
"""From prompts and replies to scores; higher is better."""


class Diverged(RuntimeError):
    """A score, a loss or a weight is not a number any more."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation that ends with the user's turn, and its token ids up to where the reply begins."""

    messages: Messages
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """Replies and what is known of their tokens before learning, each [replies, tokens]. `lower`: for each reply what the
    layers without adapters give, [prompt + reply, size]; empty where that is not kept."""

    replies: list[Reply]
    mask: Tensor
    log_probs: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor
    lower: list[Tensor]


class Ppo:
    """The optimiser and its state. One call of `update` is one rollout and what is learned from it."""

    def __init__(
        self,
        actor: ActorCritic,
        config: PpoConfig,
        prompts: Sequence[Prompt],
        score: Score,
        decode: Callable[[Sequence[int]], str],
        ends: Sequence[int],
        seed: int,
    ) -> None:
        self.actor = actor
        self.config = config
        self.progress = Progress(0, KlController(config.kl_coef, config.kl_target, config.kl_horizon), 0.0)
        self._prompts = prompts
        self._score = score
        self._decode = decode
        self._ends = ends
        self._seed = seed
        self.parameters = [*actor.lora, *actor.value_head.parameters()]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": actor.lora, "lr": config.learning_rate},
                {"params": list(actor.value_head.parameters()), "lr": config.value_learning_rate},
            ],
            eps=1e-5,  # Huang et al. 2024, section 3: PyTorch's 1e-8 moves weights too far early on
            weight_decay=config.weight_decay,
        )
        self._rates = [group["lr"] for group in self.optimizer.param_groups]

    def update(self) -> dict[str, float]:
        """Draw, score and learn once; returns the metrics. Its chance depends on the seed and its number alone, so that a
        training that was stopped goes on as if it had not been. Raises Diverged."""
        rollout, metrics = self.rollout()
        self._set_rates(self.progress.updates)
        metrics |= self._learn(rollout)
        self._remember(metrics)
        return metrics

    def rollout(self) -> tuple[Rollout, dict[str, float]]:
        """Replies of the policy as it is, judged, and what is told about them. Raises Diverged."""
        number = self.progress.updates
        generator = torch.Generator(self.actor.device).manual_seed(self._seed * 1_000_003 + number)
        asked = [self._prompts[index] for index in self._chosen(number)]
        sampling = Sampling(self.config.max_new_tokens, self.config.temperature, self.actor.device)
        replies = draw_replies(self.actor, [each.ids for each in asked], self._ends, sampling, generator)
        scores = self._scores(asked, replies)
        if number == 0:
            self._standardise(replies)
            self.progress = replace(self.progress, baseline=fmean(scores))
        return self._judged(replies, scores)

    def weights(self) -> dict[str, Tensor]:
        """What is trained, by name: the adapter and the value head with its scaling."""
        head = {f"value.{name}": value for name, value in self.actor.value_head.state_dict().items()}
        return adapter.weights(self.actor.model) | head

    def restore(self, progress: Progress, weights: dict[str, Tensor]) -> None:
        """Go on from what `ppo_state.load_progress` gave."""
        head = {name: value for name, value in weights.items() if name.startswith("value.")}
        self.actor.value_head.load_state_dict({name.removeprefix("value."): head[name] for name in head})
        lora = {name: value for name, value in weights.items() if name not in head}
        set_peft_model_state_dict(self.actor.model, lora, adapter_name=POLICY)
        self.progress = progress

    def _chosen(self, number: int) -> list[int]:
        """Indices of prompts: a new order each time all were asked."""
        size, count = self.config.rollout_size, len(self._prompts)
        chosen = []
        for place in range(number * size, (number + 1) * size):
            order = torch.Generator().manual_seed(self._seed + place // count)
            chosen.append(int(torch.randperm(count, generator=order)[place % count]))
        return chosen

    def _standardise(self, replies: Sequence[Reply]) -> None:
        """Fit the value head's scaling to the first replies, whose values are therefore 0."""
        with torch.no_grad():
            for part in self._parts(range(len(replies)), replies):
                batch = lay_out([replies[index] for index in part], self.actor.pad_id, self.actor.device)
                hidden, _, _ = self.actor.hidden_and_logits(
                    batch.ids, batch.mask, batch.replies.shape[1] + 1, use_cache=False
                )
                self.actor.value_head.standardise(hidden[:, :-1][batch.reply_mask])
                return

    def _scores(self, asked: Sequence[Prompt], replies: Sequence[Reply]) -> list[float]:
        texts = [self._decode(reply.ids) for reply in replies]
        scores = self._score([(prompt.messages, text) for prompt, text in zip(asked, texts, strict=True)])
        if not all(map(math.isfinite, scores)):
            raise Diverged("the reward model gives scores that are not numbers: train it again")
        return scores

    def _judged(self, replies: list[Reply], scores: Sequence[float]) -> tuple[Rollout, dict[str, float]]:
        """The rollout with its advantages, and what is told about it."""
        config, coef = self.config, self.progress.controller.coef
        mask = lay_out(replies, self.actor.pad_id).reply_mask
        log_probs = right_padded([reply.log_probs for reply in replies], 0.0)
        values = right_padded([reply.values for reply in replies], 0.0)
        reference, lower = self._reference(replies, mask)
        kl = torch.where(mask, log_probs - reference, 0.0)
        late = torch.tensor([0.0 if reply.ended else config.missing_end_penalty for reply in replies])
        paid = torch.tensor(scores) - self.progress.baseline - late
        rewards = token_rewards(paid, kl, coef, mask)
        if config.whiten_rewards:
            rewards = whiten(rewards, mask, shift_mean=False)
        advantages, returns = advantages_and_returns(rewards, values, mask, config.gamma, config.lam)
        rollout = Rollout(replies, mask, log_probs, values, whiten(advantages, mask), returns, lower)
        per_reply = kl.sum(-1).mean()
        return rollout, {
            "objective/kl": float(per_reply),
            "objective/scores": fmean(scores),
            "objective/rlhf_reward": fmean(scores) - coef * float(per_reply),
            "objective/kl_coef": coef,
            "reply/length": float(mask.sum(-1).float().mean()),
            "reply/ended": fmean(reply.ended for reply in replies),
        }

    def _reference(self, replies: Sequence[Reply], mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The reference's log-probabilities, and what the layers without adapters gave."""
        found = torch.zeros(mask.shape)
        lower: dict[int, Tensor] = {}
        for part in self._parts(range(len(replies)), replies):
            batch = lay_out([replies[index] for index in part], self.actor.pad_id, self.actor.device)
            log_probs, kept = self.actor.reference_log_probs(batch, self.config.temperature)
            found[part, : log_probs.shape[1]] = log_probs.cpu()
            if kept is not None:
                lower |= {index: kept[row][batch.mask[row].bool()] for row, index in enumerate(part)}
        return found, [lower[index] for index in sorted(lower)]

    def _learn(self, rollout: Rollout) -> dict[str, float]:
        """Several passes in minibatches, ended early once the policy has moved far enough."""
        size = self.config.rollout_size // self.config.minibatches
        order = torch.Generator().manual_seed(self._seed * 1_000_003 + self.progress.updates)
        seen: list[dict[str, float]] = []
        for _ in range(self.config.passes):
            shuffled = torch.randperm(len(rollout.replies), generator=order).tolist()
            for begin in range(0, len(shuffled), size):
                seen.append(self.accumulate(rollout, shuffled[begin : begin + size]))
                if self.config.kl_stop is not None and seen[-1]["policy/approxkl"] > self.config.kl_stop:
                    self.optimizer.zero_grad(set_to_none=True)
                    return _means(seen, len(seen) - 1)
                self._step()
        return _means(seen, len(seen))

    def accumulate(self, rollout: Rollout, indices: list[int]) -> dict[str, float]:
        """Add up the gradients of a minibatch; however it is divided into forward passes, they are the same."""
        tokens = int(rollout.mask[indices].sum())
        metrics: dict[str, float] = {}
        for part in self._parts(indices, rollout.replies):
            loss, found = self._part(rollout, part, tokens)
            loss.backward()  # type: ignore[no-untyped-call]
            metrics = {name: metrics.get(name, 0.0) + value for name, value in found.items()}
        if not math.isfinite(metrics["loss/policy"] + metrics["loss/value"]):
            raise Diverged("the loss is not a number any more: lower learning_rate")
        return metrics

    def _part(self, rollout: Rollout, part: list[int], tokens: int) -> tuple[Tensor, dict[str, float]]:
        """The share of some replies in the loss of a minibatch with so many tokens, and in its metrics."""
        config, device = self.config, self.actor.device
        batch = lay_out([rollout.replies[index] for index in part], self.actor.pad_id, device)
        width = batch.replies.shape[1]
        old, old_values, advantages, returns = (
            each[part, :width].to(device)
            for each in (rollout.log_probs, rollout.values, rollout.advantages, rollout.returns)
        )
        lower = spread([rollout.lower[index] for index in part], batch.mask) if rollout.lower else None
        log_probs, values, entropy = self.actor.evaluate(batch, config.temperature, lower)
        share = float(batch.reply_mask.sum()) / tokens

        def mean(each: Tensor) -> Tensor:
            return share * masked_mean(each, batch.reply_mask)

        policy = mean(policy_losses(log_probs, old, advantages, config.clip_range))
        value = mean(value_losses(values, old_values, returns, config.value_clip_range))
        now = log_probs.detach()
        told = {
            "loss/policy": policy.detach(),
            "loss/value": value.detach(),
            "policy/approxkl": mean(approximate_kl(now, old)),
            "policy/clipfrac": mean(clip_fraction(now, old, config.clip_range)),
            "objective/entropy": mean(entropy),
            "val/ratio": mean(torch.exp(now - old)),
        }
        return policy + config.value_coef * value, {name: float(each) for name, each in told.items()}

    def _step(self) -> None:
        torch.nn.utils.clip_grad_norm_(self.parameters, self.config.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def _parts(self, indices: Sequence[int], replies: Sequence[Reply]) -> Iterator[list[int]]:
        """Indices for one forward pass each, replies of similar length together."""
        order = sorted(indices, key=lambda index: len(replies[index].prompt) + len(replies[index].ids))
        for begin in range(0, len(order), self.config.micro_batch_size):
            yield order[begin : begin + self.config.micro_batch_size]

    def _set_rates(self, number: int) -> None:
        factor = self.config.rate(number / self.config.updates)
        for group, peak in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = peak * factor

    def _remember(self, metrics: dict[str, float]) -> None:
        now = self.progress
        kl = metrics["objective/kl"]
        self.progress = Progress(
            now.updates + 1,
            now.controller.after(kl, self.config.rollout_size),
            now.baseline,
            (*now.scores, metrics["objective/scores"]),
            (*now.kls, kl),
        )


def _means(seen: Sequence[dict[str, float]], steps: int) -> dict[str, float]:
    """Over the minibatches; the entropy is that of before learning."""
    means = {name: fmean(each[name] for each in seen) for name in seen[0]}
    return means | {"objective/entropy": seen[0]["objective/entropy"], "policy/steps": float(steps)}
