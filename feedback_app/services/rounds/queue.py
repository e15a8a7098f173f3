"""Tells the workers that a round is queued. The database row is authoritative: the workers find rounds whose message is lost."""

from functools import cached_property
from typing import TYPE_CHECKING

import structlog

from feedback_app.errors import Unavailable

if TYPE_CHECKING:  # Celery is imported when the first message is sent: the service starts without it
    from celery import Celery

log = structlog.get_logger()


QUEUES = ("rounds", "default")
ANSWER_SECONDS = 1.0


class WorkersAway(Unavailable, RuntimeError):
    """No worker takes some of the tasks; the message says which."""


class RoundQueue:
    """Sends round ids, and nothing else, over Redis."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url

    @cached_property
    def _app(self) -> "Celery":
        from celery import Celery

        app = Celery("codelynn", broker=self._redis_url)
        app.conf.update(
            task_serializer="json",
            broker_connection_timeout=2,
            broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 5},
        )
        return app

    def send(self, round_id: str) -> bool:
        """Whether Redis took the message. If it is away the round stays queued until the workers find it."""
        from kombu.exceptions import OperationalError

        try:
            self._app.send_task("workers.tasks.run_round", args=[round_id], queue="rounds", retry=False)
        except OperationalError:
            log.warning("redis is away: the round waits in the database", round=round_id)
            return False
        return True

    def workers(self) -> str:
        """Which workers answer, and what they do, within about a second. Raises WorkersAway where rounds or the other tasks
        have no worker."""
        from kombu.exceptions import OperationalError

        if not self._redis_url:
            raise WorkersAway("not running: `codelynn up` starts them")
        try:
            queues_of = self._app.control.inspect(timeout=ANSWER_SECONDS).active_queues() or {}
        except OperationalError as error:
            raise WorkersAway("cannot be asked: Redis does not answer") from error
        served = {queue["name"] for queues in queues_of.values() for queue in queues}
        if missing := [queue for queue in QUEUES if queue not in served]:
            raise WorkersAway(f"no worker for {' and '.join(missing)} answers: `codelynn up` starts them")
        return f"{len(queues_of)} answer: {', '.join(sorted(queues_of))}"
