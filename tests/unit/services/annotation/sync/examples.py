"""Comparisons that a desk hears of, and what is said of them there."""

from dataclasses import replace
from datetime import UTC, datetime

from feedback_app.desks.base import DeskRanking
from feedback_app.domain.comparison import Comparison, ComparisonStatus, Ranking
from feedback_app.store import Store
from tests.fakes import RecordingDesk
from tests.unit.workers.examples import ranked

A_FIRST, B_FIRST, TIE = ((1,), (2,)), ((2,), (1,)), ((1, 2),)


def opened(store: Store, desk: RecordingDesk, prompt: str) -> Comparison:
    """A comparison that waits for a verdict, and of which the desk will hear."""
    made = replace(
        ranked(f"{desk.name} {prompt}"),
        ranking=None,
        status=ComparisonStatus.open,
        created_at=datetime.now(UTC),
    )
    store.comparisons.add_all([made], [desk.name])
    return made


def vote(store: Store, desk: RecordingDesk, comparison: Comparison, *first: str) -> Comparison:
    groups = tuple((name,) for name in (first or ("c1", "c2")))
    return store.comparisons.rank(comparison.id, Ranking(groups), [desk.name])


def said(comparison: Comparison, annotator: str, order: tuple[tuple[int, ...], ...] = B_FIRST) -> DeskRanking:
    at = datetime.now(UTC)
    return DeskRanking(comparison.id, annotator, "submitted", order, note="from the desk", at=at)
