"""The tasks, as thin as can be: Celery on one side, our functions on the other."""

from feedback_app.services.annotation.sync import DeskSync
from workers import reaper, rounds
from workers.app import app
from workers.bootstrap import workshop


@app.task(name="workers.tasks.run_round")  # type: ignore[untyped-decorator]
def run_round(round_id: str) -> None:
    """Run a queued round to its end; minutes to hours."""
    rounds.run_round(workshop(), round_id)


@app.task(name="workers.tasks.sync_desks")  # type: ignore[untyped-decorator]
def sync_desks() -> None:
    """Bring each annotation desk and us in step."""
    shop = workshop()
    desks = shop.desks()
    for name, desk in desks.items():
        DeskSync(shop.store, desk, tuple(other for other in desks if other != name)).run()


@app.task(name="workers.tasks.reap")  # type: ignore[untyped-decorator]
def reap() -> None:
    """Requeue silent rounds, and send queued ones that have no message."""
    shop = workshop()
    settings = shop.settings
    reaper.reap(shop.store, settings.round_stale_seconds, settings.round_attempts, _waiting, run_round.delay)


def _waiting() -> int:
    """Messages in the `rounds` queue that no worker has taken."""
    with app.connection_for_write() as connection:
        return int(connection.default_channel.queue_declare("rounds", passive=False).message_count)
