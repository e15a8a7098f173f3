"""The experience of PPO: replies sampled from the current policy, their scores, and the advantage of each token."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch

from alignment.contract.configs.ppo import PpoConfig
from alignment.contract.snapshot import Messages
from alignment.distributed.group import ALONE, ProcessGroup
from alignment.methods.ppo.losses import advantages_and_returns, token_rewards, whiten
from alignment.methods.ppo.model import ActorCritic
from alignment.methods.ppo.rollout import Reply, Sampling, draw_replies, lay_out, right_padded
from alignment.methods.ppo.state import Progress
from alignment.methods.reward_scale import Score

Tensor = torch.Tensor
Report = Callable[[float], None]
"""Called with the share of an update that is done (0 to 1). The first half is experience, the second is learning."""


APART = 500_009
"""The distance between the seeds of two ranks. It is larger than the number of updates."""


class Diverged(RuntimeError):
    """A score, a loss or a weight is no longer a number."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation that ends with the user's turn, and its token ids up to where the reply begins."""

    messages: Messages
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rollout:
    """Replies, and tensors about their tokens before learning, each [replies, tokens]. `lower`: for each reply, the output of the
    layers without adapters, [prompt + reply, size]; empty where it is not cached."""

    replies: list[Reply]
    mask: Tensor
    log_probs: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor
    lower: list[Tensor]


@dataclass(frozen=True, slots=True)
class Source:
    """Where rollouts come from: prompts, what scores replies, how token ids become text, the ids that end a reply, and the
    seed."""

    prompts: Sequence[Prompt]
    score: Score
    decode: Callable[[Sequence[int]], str]
    ends: Sequence[int]
    seed: int


class Experience:
    """Draws replies and scores them. Its random numbers depend only on the seed, the number of the update and the rank. Each rank draws
    and scores its share of the replies. Every rank then computes the advantages of all replies."""

    def __init__(
        self, actor: ActorCritic, config: PpoConfig, source: Source, ranks: ProcessGroup = ALONE
    ) -> None:
        self._actor = actor
        self._config = config
        self._source = source
        self._ranks = ranks

    def rollout(self, progress: Progress, report: Report) -> tuple[Rollout, dict[str, float]]:
        """Replies of the current policy with their scores, and their metrics. The mean score of the first rollout is the
        baseline of all. Raises Diverged."""
        config, source, number = self._config, self._source, progress.updates
        seed = source.seed * 1_000_003 + number + self._ranks.rank * APART
        generator = torch.Generator(self._actor.device).manual_seed(seed)
        asked = [source.prompts[index] for index in self._chosen(number)]
        mine = self._ranks.share(asked)
        sampling = Sampling(config.max_new_tokens, config.temperature, self._actor.device)
        replies = draw_replies(self._actor, [each.ids for each in mine], source.ends, sampling, generator)
        report(0.3)
        scores = self._scores(mine, replies)
        report(0.4)
        replies, scores = self._of_all(asked, replies, scores)
        if number == 0:
            self._standardise(replies)
        baseline = progress.baseline if progress.scores else fmean(scores)
        return self._with_advantages(replies, scores, baseline, progress.controller.coef)

    def _chosen(self, number: int) -> list[int]:
        """Indices of prompts: a new order after each pass over all of them."""
        size, count = self._config.rollout_size, len(self._source.prompts)
        chosen = []
        for place in range(number * size, (number + 1) * size):
            order = torch.Generator().manual_seed(self._source.seed + place // count)
            chosen.append(int(torch.randperm(count, generator=order)[place % count]))
        return chosen

    def _standardise(self, replies: Sequence[Reply]) -> None:
        """Fit the value head's scaling to the first replies, whose values are therefore 0."""
        batch = lay_out(replies[: self._config.micro_batch_size], self._actor.pad_id, self._actor.device)
        with torch.no_grad():
            hidden, _, _ = self._actor.hidden_and_logits(
                batch.ids, batch.mask, batch.replies.shape[1] + 1, use_cache=False
            )
        self._actor.value_head.standardise(hidden[:, :-1][batch.reply_mask])
        self._ranks.same(self._actor.value_head.buffers())

    def _scores(self, asked: Sequence[Prompt], replies: Sequence[Reply]) -> list[float]:
        texts = [self._source.decode(reply.ids) for reply in replies]
        scores = self._source.score(
            [(prompt.messages, text) for prompt, text in zip(asked, texts, strict=True)]
        )
        if not all(map(math.isfinite, scores)):
            raise Diverged("the reward model gives scores that are not numbers: train it again")
        return scores

    def _of_all(
        self, asked: Sequence[Prompt], replies: list[Reply], scores: list[float]
    ) -> tuple[list[Reply], list[float]]:
        """The replies of all ranks and their scores, in the order of the prompts."""
        if self._ranks.world == 1:
            return replies, scores

        def gathered(rows: Sequence[Tensor], filler: float) -> Tensor:
            padded = right_padded(rows, filler)
            short = self._config.max_new_tokens - padded.shape[1]
            return self._ranks.gathered(torch.nn.functional.pad(padded, (0, short), value=filler))

        ids = gathered([torch.tensor(reply.ids) for reply in replies], -1)
        log_probs = gathered([reply.log_probs for reply in replies], 0.0)
        values = gathered([reply.values for reply in replies], 0.0)
        ended = self._ranks.gathered(torch.tensor([int(reply.ended) for reply in replies]))
        together = [
            Reply(
                prompt.ids,
                tuple(ids[row, :length].tolist()),
                log_probs[row, :length],
                values[row, :length],
                bool(ended[row]),
            )
            for row, (prompt, length) in enumerate(zip(asked, (ids >= 0).sum(-1).tolist(), strict=True))
        ]
        return together, self._ranks.gathered(torch.tensor(scores, dtype=torch.float64)).tolist()

    def _with_advantages(
        self, replies: list[Reply], scores: Sequence[float], baseline: float, coef: float
    ) -> tuple[Rollout, dict[str, float]]:
        """The rollout with its advantages, and its metrics."""
        config = self._config
        mask = lay_out(replies, self._actor.pad_id).reply_mask
        log_probs = right_padded([reply.log_probs for reply in replies], 0.0)
        values = right_padded([reply.values for reply in replies], 0.0)
        reference, lower = self._reference(replies, mask)
        kl = torch.where(mask, log_probs - reference, 0.0)
        late = torch.tensor([0.0 if reply.ended else config.missing_end_penalty for reply in replies])
        paid = torch.tensor(scores) - baseline - late
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
        """The log-probabilities of the reference, and the output of the layers without adapters."""
        reference = torch.zeros(mask.shape)
        lower: dict[int, Tensor] = {}
        mine = self._ranks.share(range(len(replies)))
        for part in in_parts(mine, replies, self._config.micro_batch_size):
            batch = lay_out([replies[index] for index in part], self._actor.pad_id, self._actor.device)
            log_probs, states = self._actor.reference_log_probs(batch, self._config.temperature)
            reference[part, : log_probs.shape[1]] = log_probs.cpu()
            if states is not None:
                lower |= {index: states[row][batch.mask[row].bool()] for row, index in enumerate(part)}
        lower_rows = [lower[index] for index in sorted(lower)]
        lengths = [len(reply.prompt) + len(reply.ids) for reply in replies]
        return self._ranks.gathered(reference[mine]), self._ranks.gathered_rows(lower_rows, lengths)


def in_parts(indices: Sequence[int], replies: Sequence[Reply], size: int) -> Iterator[list[int]]:
    """Indices for one forward pass each, replies of similar length together."""
    order = sorted(indices, key=lambda index: len(replies[index].prompt) + len(replies[index].ids))
    for begin in range(0, len(order), size):
        yield order[begin : begin + size]
