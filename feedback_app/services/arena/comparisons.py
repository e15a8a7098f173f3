"""What a comparison is, and how it is filled. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from feedback_app.domain.comparison import Candidate, Comparison
from feedback_app.services.generation.batch import GeneratedReply


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
