"""The Celery app. Messages carry only ids; the database holds the state."""

import logging
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_shutting_down

from feedback_app.logs import configure_logs
from workers.context import settings_in_force, worker_context

# Redis delivers an unacknowledged message again after this time, even while its task runs, so it must be longer than any
# round. A worker that died is found much earlier by its missing heartbeat (see `reaper`).
VISIBILITY_SECONDS = 14 * 24 * 3600
TICKS = {"reap": 5.0, "sync_desks": 2.0}
"""Seconds between two runs. A ranking must appear in the annotation tool within five seconds."""
# These log every tick, and every field of a dataset.
CHATTY = ("celery.app.trace", "celery.worker.strategy", "celery.beat", "argilla")


def make_app(redis_url: str) -> Celery:
    app = Celery("codelynn", broker=redis_url, include=["workers.tasks"])
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_default_queue="default",
        task_routes={"workers.tasks.run_round": {"queue": "rounds"}},
        worker_prefetch_multiplier=1,
        broker_transport_options={"visibility_timeout": VISIBILITY_SECONDS},
        result_backend_transport_options={"visibility_timeout": VISIBILITY_SECONDS},
        visibility_timeout=VISIBILITY_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        timezone="UTC",
        beat_schedule={name: _every(seconds, f"workers.tasks.{name}") for name, seconds in TICKS.items()},
    )
    return app


def _every(seconds: float, task: str) -> dict[str, Any]:
    """A tick that no worker takes in time expires, so that ticks do not pile up."""
    return {"task": task, "schedule": seconds, "options": {"expires": 2 * seconds}}


@setup_logging.connect  # type: ignore[untyped-decorator]
def _logs(**_: object) -> None:
    configure_logs(settings_in_force().log_level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _shutting_down(**_: object) -> None:
    """Stop the trainer and put its round back into the queue (see `supervisor`)."""
    worker_context().stopping.set()


app = make_app(settings_in_force().redis_url)
