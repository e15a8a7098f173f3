"""Ranked comparisons to begin with."""

from typing import Any

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking


def ranked(
    prompt: str, groups: tuple[tuple[str, ...], ...] = (("c1",), ("c2",)), **verdict: Any
) -> Comparison:
    """A comparison of two or more replies with its verdict; its id follows from the prompt."""
    ids = sorted(candidate for group in groups for candidate in group)
    candidates = tuple(
        Candidate(name, position, "base", f"{name} says: {prompt}", finish="stop")
        for position, name in enumerate(ids)
    )
    return Comparison(
        messages=(Message("system", "Be kind."), Message("user", prompt)),
        candidates=candidates,
        id=f"id of {prompt}",
        status=ComparisonStatus.ranked,
        ranking=Ranking(groups, **verdict),
    )
