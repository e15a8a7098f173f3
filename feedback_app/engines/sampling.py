"""Sampling for `transformers.generate` in which each row of a batch has its own settings and seed."""

from collections.abc import Sequence

import torch
from transformers import LogitsProcessor

from feedback_app.domain.comparison import SMALLEST, Sampling


class RowSampler(LogitsProcessor):
    """Turns greedy search into sampling by adding Gumbel noise to the log-probabilities of each row.

    The maximum of log-probabilities plus Gumbel noise is distributed as a sample from them (the Gumbel-max trick:
    Maddison, Tarlow, Minka, "A* Sampling", 2014). So a row depends on its own seed and not on the other rows.
    """

    def __init__(
        self, rows: Sequence[tuple[Sampling, int]], device: torch.device, prompt_length: int
    ) -> None:
        """`rows`: settings and seed of each row. Temperature 0 is greedy. `prompt_length` counts padding too."""
        self._prompt_length = prompt_length
        self._rows = [(sampling, torch.Generator(device).manual_seed(seed)) for sampling, seed in rows]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """`scores`: (rows, vocabulary) logits. Returns scores of the same shape with their maximum at the sampled token."""
        written = input_ids[:, self._prompt_length :]
        chosen = [
            _drawn(_penalised(row, reply, sampling.repetition_penalty), sampling, generator)
            for row, reply, (sampling, generator) in zip(scores.float(), written, self._rows, strict=True)
        ]
        return torch.stack(chosen)  # type: ignore[return-value]


def _drawn(logits: torch.Tensor, sampling: Sampling, generator: torch.Generator) -> torch.Tensor:
    if sampling.temperature < SMALLEST:
        return logits
    kept = _nucleus(_top(logits / sampling.temperature, sampling.top_k), sampling.top_p)
    uniform = torch.rand(kept.shape, generator=generator, device=kept.device)
    tiny = torch.finfo(uniform.dtype).tiny
    return kept - torch.log(-torch.log(uniform.clamp_min(tiny)))


def _penalised(logits: torch.Tensor, written: torch.Tensor, penalty: float) -> torch.Tensor:
    """Make the tokens in `written` less likely. As in CTranslate2, the prompt's tokens are not penalised."""
    if penalty == 1:
        return logits
    penalty = max(penalty, SMALLEST)
    repeated = logits[written]
    return logits.scatter(-1, written, torch.where(repeated > 0, repeated / penalty, repeated * penalty))


def _top(logits: torch.Tensor, top_k: int) -> torch.Tensor:
    """Keep only the `top_k` most likely tokens; 0 keeps all."""
    if not 0 < top_k < logits.shape[-1]:
        return logits
    least = torch.topk(logits, top_k).values[-1]
    return logits.masked_fill(logits < least, -torch.inf)


def _nucleus(logits: torch.Tensor, top_p: float) -> torch.Tensor:
    """Keep only the fewest most likely tokens that together reach the probability `top_p`."""
    if top_p >= 1:
        return logits
    ordered, places = torch.sort(logits, descending=True)
    before = torch.cumsum(torch.softmax(ordered, -1), -1) - torch.softmax(ordered, -1)
    outside = torch.zeros_like(before, dtype=torch.bool).scatter(-1, places, before >= top_p)
    return logits.masked_fill(outside, -torch.inf)
