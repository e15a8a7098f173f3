"""Training the reward network on whole rankings. Read from top to bottom: data, steps, and the check that something was learned."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import softplus

from reward_model.collate import Text, chunks, pack, packed_size
from reward_model.config import RewardConfig
from reward_model.loss import (
    PairTensors,
    correct_share,
    first_threshold,
    gather_pairs,
    has_ties,
    kwise_loss,
    learned_pairs,
    softplus_inverse,
)
from reward_model.network import RewardNetwork, adapter_weights
from reward_model.rankings import Ranked, RewardRefused, informative
from reward_model.weight_interpolation import Way

Report = Callable[[int, int, dict[str, float]], None]
"""Called after each step with its number, the number of steps, and what was measured: `loss`, and `accuracy` unless the
step had only ties."""

TRAIN_TOKENS = 768  # in one row with gradients: what is kept for the backward pass bounds the memory
NOT_NUMBERS = "training ended in weights that are not numbers: lower learning_rate"
THRESHOLD_RATE = 50.0  # times the learning rate: one number that is far larger than a weight
STANDARD_TEXTS = 64  # at most, to standardise the head with: a few seconds
Settle = Callable[[Way], float]
"""Chooses after training which share of the change is kept."""
Start = Callable[[RewardNetwork, Sequence[Ranked]], Sequence[Sequence[float]]]
"""Prepares the head of a new network for these rankings. Returns fixed scores, one per reply of each ranking. They are added to the
network's own scores, so the network learns the remaining error."""


class Stopped(Exception):
    """The training was asked to stop; nothing was written."""


@dataclass(frozen=True, slots=True)
class Example:
    """A ranking as the network reads it: `texts` and `offsets` are one per reply."""

    ranked: Ranked
    texts: tuple[Text, ...]
    offsets: tuple[float, ...]


def train_network(
    base_dir: Path,
    rankings: Sequence[Ranked],
    config: RewardConfig,
    folder: Path,
    *,
    start: Start | None = None,
    settle: Settle = lambda way: 1.0,
    report: Report = lambda step, total, metrics: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Train on all `rankings` and write adapter and head into `folder`; returns facts for the manifest.

    Without a `start` the head begins at zero. The same seed gives the same weights on the same machine. Raises RewardRefused
    where nothing can be learned, Stopped.
    """
    began = time.monotonic()
    informative(rankings)  # refuses before a model is loaded
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        network = RewardNetwork.fresh(base_dir, config)
        examples = _examples(network, rankings, (start or from_zero)(network, rankings), config)
        trainer = _Trainer(network, examples, config)
        before, begun = adapter_weights(network.model), network.head.score.weight.detach().clone()
        losses = []
        for step, metrics in enumerate(trainer.steps(), 1):
            losses.append(metrics["loss"])
            report(step, trainer.total, metrics)
            if should_stop():
                raise Stopped
    network.tie_threshold = float(trainer.eta.detach())
    norm = _change(before, adapter_weights(network.model))
    way = Way(network, begun)
    share = settle(way)
    way.at(share).save(folder, base_dir.parent.name)
    last = losses[-max(1, len(losses) // 10) :]
    return {
        "steps": trainer.total,
        "loss": sum(last) / len(last),  # over the last tenth of the steps
        "tie_threshold": network.tie_threshold,
        "trainable_parameters": sum(each.numel() for each in trainer.parameters),
        "update_norm": round(norm, 6),  # of all of it, whichever share is kept
        "share": share,
        "truncated": sum(text.truncated for example in examples for text in example.texts),
        "seconds": round(time.monotonic() - began, 2),
    }


class _Trainer:
    """The optimiser and its schedule over the examples."""

    def __init__(self, network: RewardNetwork, examples: Sequence[Example], config: RewardConfig) -> None:
        self.network = network
        self.examples = examples
        self.config = config
        self.ties = _learns_ties([example.ranked for example in examples], config)
        self.total = max(1, round(config.epochs * len(examples) / min(config.batch_size, len(examples))))
        lora = [each for each in network.model.parameters() if each.requires_grad]
        head, threshold = list(network.head.parameters()), self._threshold()
        self.parameters = [*lora, *head, *threshold]
        rate = config.learning_rate
        groups: list[dict[str, Any]] = [
            {"params": lora, "lr": rate, "weight_decay": config.weight_decay},
            {"params": head, "lr": rate, "weight_decay": 0.0},
            {"params": threshold, "lr": rate * THRESHOLD_RATE, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW([group for group in groups if group["params"]])
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._rate)

    @property
    def eta(self) -> torch.Tensor:
        """The tie threshold; 0 where no ties are learned from."""
        return softplus(self.threshold) if self.ties else torch.zeros((), device=self.network.device)

    def steps(self) -> Iterator[dict[str, float]]:
        """Take all steps; yields the loss of each and, where it had winners, the accuracy. Raises RewardRefused."""
        order = _batches(len(self.examples), self.config.batch_size, self.total, self.config.seed)
        self.network.model.train()
        for number, indices in enumerate(order):
            yield self._step([self.examples[index] for index in indices], number)

    def _step(self, batch: Sequence[Example], number: int) -> dict[str, float]:
        loss, right, decided = 0.0, 0.0, 0
        for part, group in enumerate(_groups(batch)):
            pairs = gather_pairs([each.ranked for each in group], self.ties, self.network.device)
            value, rewards = self._backward(group, pairs, len(batch), (number << 16) + part)
            loss += value
            wins = int((~pairs.tie).sum())
            right += correct_share(rewards, pairs) * wins if wins else 0.0
            decided += wins
        if not math.isfinite(loss):
            raise RewardRefused(NOT_NUMBERS)
        torch.nn.utils.clip_grad_norm_(self.parameters, self.config.max_grad_norm)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {"loss": loss, "accuracy": right / decided} if decided else {"loss": loss}

    def _backward(
        self, group: Sequence[Example], pairs: PairTensors, rankings: int, seed: int
    ) -> tuple[float, torch.Tensor]:
        """Add the gradients of the group's share in the loss; returns that share and the rewards [replies].

        A ranking too large for one row is scored without gradients first; then, row by row, its texts are computed again
        with the gradient of the loss by their reward (Gao et al. 2021, arXiv 2101.06983): the same result in less memory.
        """
        texts = [text for example in group for text in example.texts]
        fixed = torch.tensor([each for example in group for each in example.offsets]).to(self.network.device)
        rows = list(chunks(texts, TRAIN_TOKENS))
        if len(rows) == 1:
            scores = self._rewards(texts, rows[0], seed)[_inverse(rows[0])]
        else:
            with torch.no_grad():
                row_scores = torch.cat([self._rewards(texts, row, seed) for row in rows])
            scores = row_scores[_inverse([index for row in rows for index in row])].requires_grad_()
        loss = kwise_loss(scores + fixed, pairs, self.eta, self.config.margin) / rankings
        loss.backward()  # type: ignore[no-untyped-call]
        if len(rows) > 1:
            assert scores.grad is not None
            for row in rows:
                torch.autograd.backward(self._rewards(texts, row, seed), scores.grad[row])
        return float(loss.detach()), (scores + fixed).detach()

    def _rewards(self, texts: Sequence[Text], row: Sequence[int], seed: int) -> torch.Tensor:
        """Rewards of some of the texts; with the same seed the same dropout."""
        torch.manual_seed(hash((self.config.seed, seed, row[0])) & 0x7FFFFFFF)
        return self.network.rewards(pack([texts[index] for index in row], self.network.device))

    def _threshold(self) -> list[torch.nn.Parameter]:
        if not self.ties:
            return []
        begin = softplus_inverse(first_threshold([example.ranked for example in self.examples]))
        self.threshold = torch.nn.Parameter(torch.tensor(begin, device=self.network.device))
        return [self.threshold]

    def _rate(self, step: int) -> float:
        """Linear rise, then half a cosine to zero (Loshchilov and Hutter 2017, equation 5, without restarts)."""
        warm = math.ceil(self.config.warmup * self.total)
        if step < warm:
            return (step + 1) / (warm + 1)
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, self.total - warm)))


def _examples(
    network: RewardNetwork,
    rankings: Sequence[Ranked],
    offsets: Sequence[Sequence[float]],
    config: RewardConfig,
) -> list[Example]:
    ties = _learns_ties(rankings, config)
    return [
        Example(ranked, tuple(network.encode(ranked.prompt, reply) for reply in ranked.replies), tuple(fixed))
        for ranked, fixed in zip(rankings, offsets, strict=True)
        if learned_pairs(ranked, ties)
    ]


def from_zero(network: RewardNetwork, rankings: Sequence[Ranked]) -> list[list[float]]:
    """The head's weights stay zero; it is standardised on up to STANDARD_TEXTS replies, drawn from all."""
    items = [(ranked.prompt, reply) for ranked in rankings for reply in ranked.replies]
    some = [items[int(index)] for index in torch.randperm(len(items))[:STANDARD_TEXTS]]
    network.head.standardise(network.states(some))
    return [[0.0] * len(ranked.replies) for ranked in rankings]


def _learns_ties(rankings: Sequence[Ranked], config: RewardConfig) -> bool:
    return config.ties == "rao-kupper" and has_ties(rankings)


def _batches(examples: int, size: int, steps: int, seed: int) -> Iterator[list[int]]:
    """Indices for each step: a new order in every epoch, in which a batch may reach into the next."""
    generator = torch.Generator().manual_seed(seed)
    order: list[int] = []
    for _ in range(steps):
        while len(order) < min(size, examples):
            order += torch.randperm(examples, generator=generator).tolist()
        yield order[:size]
        order = order[size:]


def _groups(batch: Sequence[Example]) -> Iterator[list[Example]]:
    """The rankings of a step in groups that fit into one row, those that share a beginning together."""
    group: list[Example] = []
    for example in sorted(batch, key=lambda each: each.texts[0].ids):
        together = [*group, example]
        if group and packed_size([text for each in together for text in each.texts]) > TRAIN_TOKENS:
            yield group
            together = [example]
        group = together
    yield group


def _inverse(order: Sequence[int]) -> list[int]:
    """Where each index stands in `order`, a permutation."""
    return sorted(range(len(order)), key=order.__getitem__)


def _change(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> float:
    """L2 norm of what training changed. Raises RewardRefused if that is nothing, or not a number."""
    norm = math.sqrt(
        sum(float((after[name].double() - before[name].double()).square().sum()) for name in after)
    )
    if norm == 0:
        raise RewardRefused("training changed nothing: the rankings contradict each other")
    if not math.isfinite(norm):
        raise RewardRefused(NOT_NUMBERS)
    return norm
