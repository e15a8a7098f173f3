"""Bringing verdicts to the annotation desks. Rows of the outbox carry ids; each record is read fresh."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog

from feedback_app.desks.base import AnnotationDesk, DeskRecord, DeskRefused, DeskUnavailable
from feedback_app.domain.comparison import Comparison
from feedback_app.store import ComparisonNotFound, OutboxItem, Store

log = structlog.get_logger()

FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
NO_DESK_WAIT = 3600.0
BATCH = 100


def deliver_due(store: Store, desks: Mapping[str, AnnotationDesk], budget: float = 20.0) -> int:
    """Deliver what is due, oldest first, for about `budget` seconds; the number delivered.

    A desk that is away is left alone until the next call, so that other work is not held up by its timeouts.
    """
    deadline = time.monotonic() + budget
    delivered = 0
    away: set[str] = set()
    for item in store.outbox.due(datetime.now(UTC), BATCH):
        if time.monotonic() > deadline:
            break
        if item.desk not in away:
            reached = _deliver(store, desks.get(item.desk), item)
            delivered += reached
            if not reached:
                away.add(item.desk)
    return delivered


def _deliver(store: Store, desk: AnnotationDesk | None, item: OutboxItem) -> bool:
    """Whether the desk could be asked."""
    if desk is None:
        _postpone(store, item, NO_DESK_WAIT, "no such desk is set up")
        return True
    try:
        desk.deliver(record(store.comparisons.get(item.comparison_id)))
    except DeskUnavailable as error:
        _postpone(store, item, wait_after(item.attempts), str(error))
        return False
    except DeskRefused as error:
        log.warning("a desk refused a comparison", desk=item.desk, comparison=item.comparison_id)
        store.outbox.refused(item.id, str(error))
    except ComparisonNotFound:
        store.outbox.delivered(item.id)
    else:
        store.outbox.delivered(item.id)
    return True


def _postpone(store: Store, item: OutboxItem, seconds: float, reason: str) -> None:
    store.outbox.postpone(item.id, datetime.now(UTC) + timedelta(seconds=seconds), reason)


def wait_after(attempts: int) -> float:
    """Seconds until the next try after so many failed ones: 2, 4, 8, … at most 60."""
    return float(min(FIRST_WAIT * 2.0 ** min(attempts, 10), LONGEST_WAIT))


def record(comparison: Comparison) -> DeskRecord:
    """What a desk shows of a comparison: its candidates in the order they were shown, and its verdict, if any."""
    ranking = comparison.ranking
    shown = sorted(comparison.candidates, key=lambda candidate: candidate.position)
    return DeskRecord(
        comparison_id=comparison.id,
        messages=comparison.messages,
        candidates=tuple((candidate.id, candidate.text, candidate.model) for candidate in shown),
        ranking=ranking.groups if ranking else None,
        all_bad=ranking.all_bad if ranking else False,
        aspects=ranking.aspects if ranking else (),
        note=ranking.note if ranking else "",
        edit=ranking.edit if ranking else None,
        annotator=ranking.annotator if ranking else "",
        created_at=ranking.created_at if ranking else comparison.created_at,
    )
