"""Helpers of the arena: what the engine is asked for, how a comparison is filled, and where earlier replies come from."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from feedback_app.domain.comparison import Candidate, Comparison, Message
from feedback_app.domain.preference import prompt_key
from feedback_app.engines.base import GenerationRequest
from feedback_app.services.generation.batch import GeneratedReply
from feedback_app.store import Store

EDIT = "edit"


@dataclass(frozen=True, slots=True)
class EarlierTurn:
    """The ranked comparison that a reply comes from. `reply` is the candidate's id, or `edit` for the owner's own version."""

    comparison: Comparison
    reply: str


def earlier_turns(store: Store, comparison: Comparison) -> dict[int, EarlierTurn]:
    """The turns of its conversation that were ranked in the arena, by the index of the reply among its messages."""
    replies = [i for i, message in enumerate(comparison.messages) if message.role == "assistant"]
    if not replies:
        return {}
    keys = {i: prompt_key(comparison.messages[:i]) for i in replies}
    ranked = store.prompts.ranked(list(keys.values()))
    by_key: defaultdict[str, list[Comparison]] = defaultdict(list)
    for one in ranked:
        by_key[prompt_key(one.messages)].append(one)
    origins = {i: _origin(by_key[key], comparison.messages[i]) for i, key in keys.items()}
    return {i: turn for i, turn in origins.items() if turn is not None}


def _origin(ranked: list[Comparison], message: Message) -> EarlierTurn | None:
    """The newest of these comparisons that has the message as a reply."""
    for comparison in reversed(ranked):
        if comparison.ranking is not None and comparison.ranking.edit == message.content:
            return EarlierTurn(comparison, EDIT)
        for candidate in comparison.candidates:
            if candidate.text == message.content:
                return EarlierTurn(comparison, candidate.id)
    return None


def drawn(comparison: Comparison) -> bool:
    """Whether its prompt was drawn, or its pair came back; else the owner asked."""
    return bool(comparison.tags) or comparison.repeat_of is not None


def with_texts(comparison: Comparison, texts: Sequence[str]) -> Comparison:
    """The comparison with its candidates' texts so far."""
    pairs = zip(comparison.candidates, texts, strict=True)
    return replace(comparison, candidates=tuple(replace(candidate, text=text) for candidate, text in pairs))


def with_replies(comparison: Comparison, replies: Sequence[GeneratedReply]) -> tuple[Candidate, ...]:
    """The comparison's candidates with their finished replies."""
    return tuple(
        replace(
            candidate,
            text=reply.text,
            finish=reply.finish,
            latency_ms=reply.latency_ms,
            seed=candidate.seed if reply.seed is None else reply.seed,
        )
        for candidate, reply in zip(comparison.candidates, replies, strict=True)
    )


def generation_requests(comparison: Comparison) -> list[GenerationRequest]:
    """What the engine is asked for each candidate."""
    return [
        GenerationRequest(candidate.model, comparison.messages, candidate.sampling, candidate.seed)
        for candidate in comparison.candidates
    ]
