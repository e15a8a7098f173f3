"""Rollouts: samples replies from the policy and arranges them for a forward pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from alignment.models.sampling import left_padded

Tensor = torch.Tensor


class Policy(Protocol):
    """What a rollout needs of the model (see `model.ActorCritic`)."""

    pad_id: int

    def value_head(self, hidden: Tensor) -> Tensor: ...

    def hidden_and_logits(
        self, ids: Tensor, mask: Tensor, keep: int, lower: Tensor | None = None, **options: object
    ) -> tuple[Tensor, Tensor, Any]: ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """How replies are drawn. `max_new_tokens` is at least 1."""

    max_new_tokens: int
    temperature: float
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it was drawn: token ids (with the end token, if it `ended`), and for each token its log-probability and the
    value of what came before it, [tokens]."""

    prompt: tuple[int, ...]
    ids: tuple[int, ...]
    log_probs: Tensor
    values: Tensor
    ended: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Replies laid out so that they begin in one column: prompts padded on the left, replies on the right.

    `ids`, `mask`: [rows, prompt + reply]; `replies`, `reply_mask`: [rows, reply], the last columns of the same.
    """

    ids: Tensor
    mask: Tensor
    replies: Tensor
    reply_mask: Tensor


def lay_out(replies: Sequence[Reply], pad_id: int, device: str | torch.device = "cpu") -> Batch:
    """One batch of the replies, as wide as the longest prompt and the longest reply need."""
    ids, mask = left_padded([reply.prompt for reply in replies], pad_id)
    tokens = right_padded([torch.tensor(reply.ids) for reply in replies], pad_id)
    lengths = torch.tensor([len(reply.ids) for reply in replies])
    reply_mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    return Batch(
        torch.cat([ids, tokens], -1).to(device),
        torch.cat([mask, reply_mask.long()], -1).to(device),
        tokens.to(device),
        reply_mask.to(device),
    )


def spread(rows: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Rows [tokens, size] at the places where a mask [rows, columns] is 1, as [rows, columns, size]; 0 elsewhere."""
    together = torch.cat(list(rows))
    placed = together.new_zeros((*mask.shape, together.shape[-1]))
    placed[mask.bool()] = together
    return placed


def right_padded(rows: Sequence[Tensor], value: float) -> Tensor:
    """Rows [tokens] of different lengths as one tensor [rows, tokens]."""
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=value)


@torch.no_grad()
def draw_replies(
    policy: Policy,
    prompts: Sequence[tuple[int, ...]],
    ends: Sequence[int],
    sampling: Sampling,
    generator: torch.Generator,
) -> list[Reply]:
    """One reply to each prompt, sampled from the whole distribution.

    Its log-probabilities are those of the draw itself, so a policy that has not changed has a ratio of 1. A row whose reply
    has ended leaves the batch.
    """
    drawn = [_Drawn([], [], []) for _ in prompts]
    ids, mask = (each.to(sampling.device) for each in left_padded(prompts, policy.pad_id))
    rows, cache = list(range(len(prompts))), None
    for _ in range(sampling.max_new_tokens):
        hidden, logits, cache = policy.hidden_and_logits(ids, mask, 1, past_key_values=cache, use_cache=True)
        distribution = (logits[:, -1] / sampling.temperature).log_softmax(-1)
        ids = torch.multinomial(distribution.exp(), 1, generator=generator)
        chosen = distribution.gather(-1, ids)[:, 0].tolist()
        for row, *step in zip(
            rows, ids[:, 0].tolist(), chosen, policy.value_head(hidden[:, -1]).tolist(), strict=True
        ):
            drawn[row].add(*step)
        going = [place for place, row in enumerate(rows) if drawn[row].ids[-1] not in ends]
        if not going:
            break
        if len(going) < len(rows):
            rows = [rows[place] for place in going]
            unfinished = torch.tensor(going, device=sampling.device)
            ids, mask = ids[unfinished], mask[unfinished]
            cache.batch_select_indices(unfinished)
        mask = torch.cat([mask, torch.ones_like(mask[:, :1])], -1)
    return [each.reply(prompt, ends) for each, prompt in zip(drawn, prompts, strict=True)]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A reply that is being written."""

    ids: list[int]
    log_probs: list[float]
    values: list[float]

    def add(self, token: int, log_prob: float, value: float) -> None:
        self.ids.append(token)
        self.log_probs.append(log_prob)
        self.values.append(value)

    def reply(self, prompt: tuple[int, ...], ends: Sequence[int]) -> Reply:
        log_probs, values = torch.tensor(self.log_probs), torch.tensor(self.values)
        return Reply(prompt, tuple(self.ids), log_probs, values, self.ids[-1] in ends)
