"""Proximal policy optimisation of a LoRA adapter against a reward model, on one base in memory.

TRL removed its PPO in 1.13. This one follows Ziegler et al. 2019 and Ouyang et al. 2022, with the details that Huang et al.
2024 (arXiv 2403.17031) found to matter. An update draws replies, scores them, and learns from them in several passes.
"""

import math
from collections.abc import Sequence
from statistics import fmean

import torch
from peft import set_peft_model_state_dict

from alignment.contract.configs.ppo import PpoConfig
from alignment.distributed.group import ALONE, ProcessGroup
from alignment.methods.ppo.experience import Diverged, Experience, Report, Rollout, Source, in_parts
from alignment.methods.ppo.losses import (
    KlController,
    approximate_kl,
    clip_fraction,
    masked_mean,
    policy_losses,
    value_losses,
)
from alignment.methods.ppo.model import POLICY, ActorCritic
from alignment.methods.ppo.rollout import lay_out, spread
from alignment.methods.ppo.state import Progress
from alignment.models import adapter
from alignment.models.chat_template import Completion

Tensor = torch.Tensor


class Ppo:
    """The optimiser and its state. One call of `update` draws one rollout and learns from it. `texts` are the pretraining
    mix, `ranks` the processes that train together."""

    def __init__(
        self,
        actor: ActorCritic,
        config: PpoConfig,
        source: Source,
        texts: Sequence[Completion] = (),
        ranks: ProcessGroup = ALONE,
    ) -> None:
        self.actor = actor
        self.config = config
        self.progress = Progress(0, KlController(config.kl_coef, config.kl_target, config.kl_horizon), 0.0)
        self._experience = Experience(actor, config, source, ranks)
        self._seed = source.seed
        self._texts = texts
        self._ranks = ranks
        self.parameters = [*actor.lora, *actor.value_head.parameters()]
        ranks.same(self.parameters)
        self.optimizer = torch.optim.AdamW(
            [
                {"params": actor.lora, "lr": config.learning_rate},
                {"params": list(actor.value_head.parameters()), "lr": config.value_learning_rate},
            ],
            eps=1e-5,  # Huang et al. 2024, section 3: PyTorch's 1e-8 moves weights too far early on
            weight_decay=config.weight_decay,
        )
        self._rates = [group["lr"] for group in self.optimizer.param_groups]

    def update(self, report: Report = lambda share: None) -> dict[str, float]:
        """Draw, score and learn once. Returns the metrics. `report` receives the share that is done. The random numbers depend only on
        the seed and the number of the update, so a stopped training resumes with the same results. Raises Diverged."""
        rollout, metrics = self.rollout(report)
        self._set_rates(self.progress.updates)
        metrics |= self._learn(rollout, report)
        self._remember(metrics)
        return metrics

    def rollout(self, report: Report = lambda share: None) -> tuple[Rollout, dict[str, float]]:
        """Replies of the current policy with their scores, and their metrics. Raises Diverged."""
        return self._experience.rollout(self.progress, report)

    def weights(self) -> dict[str, Tensor]:
        """The trained weights by name: the adapter, and the value head with its scaling."""
        head = {f"value.{name}": value for name, value in self.actor.value_head.state_dict().items()}
        return adapter.weights(self.actor.model) | head

    def restore(self, progress: Progress, weights: dict[str, Tensor]) -> None:
        """Continue from what `state.load_progress` returned."""
        head = {name: value for name, value in weights.items() if name.startswith("value.")}
        self.actor.value_head.load_state_dict({name.removeprefix("value."): head[name] for name in head})
        lora = {name: value for name, value in weights.items() if name not in head}
        set_peft_model_state_dict(self.actor.model, lora, adapter_name=POLICY)
        self.progress = progress

    def _learn(self, rollout: Rollout, report: Report) -> dict[str, float]:
        """Several passes in minibatches, ended early once the policy has moved far enough."""
        size = self.config.rollout_size // self.config.minibatches
        order = torch.Generator().manual_seed(self._seed * 1_000_003 + self.progress.updates)
        steps_metrics: list[dict[str, float]] = []
        for _ in range(self.config.passes):
            shuffled = torch.randperm(len(rollout.replies), generator=order).tolist()
            for begin in range(0, len(shuffled), size):
                steps_metrics.append(self.accumulate(rollout, shuffled[begin : begin + size]))
                if (
                    self.config.kl_stop is not None
                    and steps_metrics[-1]["policy/approxkl"] > self.config.kl_stop
                ):
                    self.optimizer.zero_grad(set_to_none=True)
                    return _means(steps_metrics, len(steps_metrics) - 1)
                steps_metrics[-1] |= self._predict_texts(order)
                self._step()
                report(0.5 + 0.5 * len(steps_metrics) / (self.config.passes * self.config.minibatches))
        return _means(steps_metrics, len(steps_metrics))

    def accumulate(self, rollout: Rollout, indices: list[int]) -> dict[str, float]:
        """Add up the gradients of this rank's share of a minibatch. Their sum does not depend on how the minibatch is divided into
        forward passes or among ranks. The metrics cover the whole minibatch."""
        tokens = int(rollout.mask[indices].sum())
        metrics: dict[str, float] = {}
        for part in in_parts(self._ranks.share(indices), rollout.replies, self.config.micro_batch_size):
            loss, part_metrics = self._part(rollout, part, tokens)
            loss.backward()  # type: ignore[no-untyped-call]
            metrics = {name: metrics.get(name, 0.0) + value for name, value in part_metrics.items()}
        metrics = self._ranks.summed(metrics)
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
        metrics = {
            "loss/policy": policy.detach(),
            "loss/value": value.detach(),
            "policy/approxkl": mean(approximate_kl(now, old)),
            "policy/clipfrac": mean(clip_fraction(now, old, config.clip_range)),
            "objective/entropy": mean(entropy),
            "val/ratio": mean(torch.exp(now - old)),
        }
        return policy + config.value_coef * value, {name: float(each) for name, each in metrics.items()}

    def _predict_texts(self, order: torch.Generator) -> dict[str, float]:
        """Add the gradient of this rank's share of the pretraining mix (Ouyang et al. 2022, equation 2), where there is one."""
        if not self._texts:
            return {}
        chosen = torch.randint(len(self._texts), (self.config.ptx_texts,), generator=order).tolist()
        drawn = [self._texts[index] for index in chosen]
        text_loss = 0.0
        if mine := self._ranks.share(drawn):
            loss = self.actor.text_loss(mine) * (_predicted(mine) / _predicted(drawn))
            (self.config.ptx_coef * loss).backward()  # type: ignore[no-untyped-call]
            text_loss = float(loss.detach())
        return self._ranks.summed({"loss/ptx": text_loss})

    def _step(self) -> None:
        self._ranks.add_gradients(self.parameters)
        torch.nn.utils.clip_grad_norm_(self.parameters, self.config.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

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
            now.baseline if now.scores else metrics["objective/scores"],
            (*now.scores, metrics["objective/scores"]),
            (*now.kls, kl),
        )


def _predicted(texts: Sequence[Completion]) -> int:
    """How many tokens of the texts are predicted: all but the first of each."""
    return sum(len(text.ids) - 1 for text in texts)


def _means(steps_metrics: Sequence[dict[str, float]], steps: int) -> dict[str, float]:
    """Means over the minibatches. The entropy is that before learning."""
    means = {name: fmean(each[name] for each in steps_metrics if name in each) for name in steps_metrics[0]}
    return means | {"objective/entropy": steps_metrics[0]["objective/entropy"], "policy/steps": float(steps)}
