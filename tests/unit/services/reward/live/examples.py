"""Comparisons that tests of the live reward model begin with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from feedback_app.domain.comparison import Candidate, Comparison, ComparisonStatus, Message, Ranking

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LONG, SHORT = "A long reply that says a good deal more.", "Short."
LONGER_WON = Ranking((("c1",), ("c2",)))
SHORTER_WON = Ranking((("c2",), ("c1",)))
TIE = Ranking((("c1", "c2"),))
ALL_BAD = Ranking((("c1", "c2"),), all_bad=True)


def opened(number: int = 0, texts: tuple[str, ...] = (LONG, SHORT), **changes: Any) -> Comparison:
    """A comparison that waits for its verdict."""
    candidates = tuple(
        Candidate(f"c{i}", i, "base", text, finish="stop") for i, text in enumerate(texts, start=1)
    )
    created = NOON + timedelta(minutes=number)
    more = {"status": ComparisonStatus.open, "created_at": created, "tags": ("talk",)} | changes
    return Comparison((Message("user", f"Question {number}"),), candidates, **more)
