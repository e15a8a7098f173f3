"""Groups requests into batches of token ids. Pure."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import ceil

from feedback_app.domain.comparison import LimitTooLarge, Sampling
from feedback_app.engines.base import GenerationRequest
from feedback_app.engines.memory import MANY
from feedback_app.engines.prompt_window import fit_window, prompt_limit
from feedback_app.engines.tokenizer import ChatTokenizer


@dataclass(frozen=True, slots=True)
class Tokenized:
    """A request with its prompt as token `ids`, its `index` in the call, and `limit`, the maximum tokens of its reply."""

    index: int
    request: GenerationRequest
    ids: tuple[int, ...]
    limit: int


def tokenized(index: int, request: GenerationRequest, tokenizer: ChatTokenizer, window: int) -> Tokenized:
    """Tokenize a request with as much of its conversation as fits into `window` tokens. Raises PromptTooLong, LimitTooLarge."""
    wanted = request.sampling.max_new_tokens
    if request.limit_must_fit and wanted >= window:
        raise LimitTooLarge(
            f"a reply of {wanted:,} tokens was asked for, but prompt and reply together have room for {window:,}: "
            "ask for a shorter reply"
        )
    ids = fit_window(request.messages, tokenizer.encode, prompt_limit(window, wanted))
    return Tokenized(index, request, tuple(ids), min(wanted, window - len(ids)))


def batches(
    requests: Sequence[Tokenized], largest: Callable[[Tokenized], int] = lambda first: MANY
) -> list[list[Tokenized]]:
    """Group requests with the same model, sampling and prompt, so that the prompt is read only once.

    `largest` gives the number of replies to a prompt that fit into one batch.
    """
    groups: dict[Hashable, list[Tokenized]] = {}
    for request in requests:
        groups.setdefault((_batch_key(request), request.ids), []).append(request)
    return [part for group in groups.values() for part in _parts(group, largest(group[0]))]


def _parts(group: Sequence[Tokenized], largest: int) -> list[list[Tokenized]]:
    """Split a group into parts of about equal size, none above `largest`."""
    count = ceil(len(group) / largest)
    return [list(group[i::count]) for i in range(count)]


def _batch_key(request: Tokenized) -> tuple[str, float, float, int, float]:
    one: Sampling = request.request.sampling
    return request.request.model, one.temperature, one.top_p, one.top_k, one.repetition_penalty
