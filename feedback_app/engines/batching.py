"""Which requests can be answered in one batch. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from feedback_app.domain.comparison import Sampling
from feedback_app.engines.base import GenerationRequest


@dataclass(frozen=True, slots=True)
class Tokenized:
    """A request whose prompt is `ids`; `index` is its place in the call and `limit` the most tokens of its reply."""

    index: int
    request: GenerationRequest
    ids: tuple[int, ...]
    limit: int


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


def _kind(request: Tokenized) -> tuple[str, float, float, int]:
    sampling: Sampling = request.request.sampling
    return request.request.model, sampling.temperature, sampling.top_p, sampling.top_k
