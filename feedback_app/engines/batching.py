"""From requests to batches of token ids. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback_app.domain.comparison import LimitTooLarge, Sampling
from feedback_app.engines.base import GenerationRequest
from feedback_app.engines.prompt import fit_window, prompt_limit
from feedback_app.engines.tokenizer import ChatTokenizer


@dataclass(frozen=True, slots=True)
class Tokenized:
    """A request whose prompt is `ids`; `index` is its place in the call and `limit` the most tokens of its reply."""

    index: int
    request: GenerationRequest
    ids: tuple[int, ...]
    limit: int


def tokenized(index: int, request: GenerationRequest, tokenizer: ChatTokenizer) -> Tokenized:
    """The request with as much of its conversation as the model's window holds. Raises PromptTooLong, LimitTooLarge."""
    wanted = request.sampling.max_new_tokens
    if request.limit_must_fit and wanted >= tokenizer.window:
        raise LimitTooLarge(
            f"a reply of {wanted:,} tokens was asked for, but prompt and reply together have room for {tokenizer.window:,}: "
            "ask for a shorter reply"
        )
    ids = fit_window(request.messages, tokenizer.encode, prompt_limit(tokenizer.window, wanted))
    return Tokenized(index, request, tuple(ids), min(wanted, tokenizer.window - len(ids)))


def batches(requests: Sequence[Tokenized], slack: int) -> list[list[Tokenized]]:
    """Groups of one model and one way of sampling whose prompts differ by at most `slack` tokens in length.

    CTranslate2 reads only the shortest prompt's length at once and the rest of the longer ones token by token, so that
    a long conversation beside a short one would cost a decoding step for every token of the difference.
    """
    groups: list[list[Tokenized]] = []
    for request in sorted(requests, key=lambda one: (_kind(one), len(one.ids), one.index)):
        shortest = groups[-1][0] if groups else None
        if shortest and _kind(shortest) == _kind(request) and len(request.ids) - len(shortest.ids) <= slack:
            groups[-1].append(request)
        else:
            groups.append([request])
    return groups


def _kind(request: Tokenized) -> tuple[str, float, float, int, float]:
    one: Sampling = request.request.sampling
    return request.request.model, one.temperature, one.top_p, one.top_k, one.repetition_penalty
