"""Values that tests of the store begin with."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy import select, union_all

from feedback_app.domain.comparison import (
    Candidate,
    Comparison,
    ComparisonStatus,
    Message,
    Ranking,
    Sampling,
)
from feedback_app.domain.round import Round, RoundEvent
from feedback_app.store import Store
from feedback_app.store.tables import annotations, comparisons, rankings

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIRST_BEST = Ranking((("c1",), ("c2",)))
T = TypeVar("T")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def asked(prompt: str = "What is rain?", **changes: Any) -> Comparison:
    """A comparison whose replies are being written."""
    candidates = (
        Candidate("c1", 0, "base", sampling=Sampling(temperature=0.7, top_k=40), seed=3),
        Candidate("c2", 1, "v1"),
    )
    return Comparison((Message("user", prompt),), candidates, **changes)


def answered(comparison: Comparison) -> tuple[Candidate, ...]:
    """The candidates with their replies."""
    return tuple(
        replace(c, text=f"reply {c.id}", finish="stop", latency_ms=12) for c in comparison.candidates
    )


def shown(prompt: str = "What is rain?", **changes: Any) -> Comparison:
    """A comparison that waits for its verdict."""
    comparison = asked(prompt, status=ComparisonStatus.open, **changes)
    return replace(comparison, candidates=answered(comparison))


def event(seq: int, **changes: Any) -> RoundEvent:
    return replace(RoundEvent(seq, "policy", seq, 10, {"loss": 0.5}, NOON, percent=10.0 * seq), **changes)


def running(store: Store, **changes: Any) -> Round:
    """A round that a worker has claimed."""
    queued = Round(**changes)
    store.rounds.add(queued)
    claimed = store.rounds.claim(queued.id, "worker")
    assert claimed is not None
    return claimed


def together(count: int, work: Callable[[int], T]) -> list[T]:
    """What `work(0)`, …, `work(count - 1)` gave, all begun at once, each in a thread."""
    start = Barrier(count)

    def begin(index: int) -> T:
        start.wait(timeout=10)
        return work(index)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))


def pairs_by_prompt(store: Store) -> list[tuple[str, int]]:
    """(prompt key, number of preference pairs) for every ranking that counts, counted one by one."""
    decided = select(comparisons.c.prompt_key, rankings.c.pairs).join_from(comparisons, rankings)
    others = (
        select(comparisons.c.prompt_key, annotations.c.pairs)
        .join_from(comparisons, annotations)
        .where(comparisons.c.id.not_in(select(rankings.c.comparison_id)))
    )
    with store.database.read() as connection:
        return [(row[0], int(row[1])) for row in connection.execute(union_all(decided, others))]
