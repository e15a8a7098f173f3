"""Finds rounds that no worker runs: those without a heartbeat are queued again, and queued ones without a message are sent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from feedback_app.store import Store

log = structlog.get_logger()


def reap(
    store: Store,
    stale_seconds: float,
    max_attempts: int,
    waiting: Callable[[], int],
    send: Callable[[str], None],
) -> None:
    """Queue rounds without a heartbeat again (at most `max_attempts` times), then send the queued rounds if no message waits.

    A round that is sent twice runs once, since only the first worker can claim it. Nothing is sent while messages wait, so that they do
    not pile up behind a long round.
    """
    silent = store.rounds.requeue_stale(datetime.now(UTC) - timedelta(seconds=stale_seconds), max_attempts)
    for round_id in silent:
        log.warning("round was silent: queued again", round=round_id)
    queued = store.rounds.queued()
    if queued and waiting() == 0:
        for round_id in queued:
            send(round_id)
