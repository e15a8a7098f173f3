"""The Celery tasks. Each calls one function of this package or of a service."""

from feedback_app.services.annotation.sync import DeskSync
from workers import reaper, rounds
from workers.app import app
from workers.context import worker_context


@app.task(name="workers.tasks.run_round")  # type: ignore[untyped-decorator]
def run_round(round_id: str) -> None:
    """Run a queued round to its end; minutes to hours."""
    rounds.run_round(worker_context(), round_id)


@app.task(name="workers.tasks.sync_desks")  # type: ignore[untyped-decorator]
def sync_desks() -> None:
    """Synchronise with each annotation tool."""
    context = worker_context()
    desks = context.desks()
    for name, desk in desks.items():
        DeskSync(context.store, desk, tuple(other for other in desks if other != name)).run()


@app.task(name="workers.tasks.reap")  # type: ignore[untyped-decorator]
def reap() -> None:
    """Queue rounds again whose worker died, and send messages for queued rounds that have none."""
    context = worker_context()
    settings = context.settings
    reaper.reap(
        context.store, settings.round_stale_seconds, settings.round_attempts, _waiting, run_round.delay
    )


def _waiting() -> int:
    """Messages in the `rounds` queue that no worker has taken."""
    with app.connection_for_write() as connection:
        return int(connection.default_channel.queue_declare("rounds", passive=False).message_count)
