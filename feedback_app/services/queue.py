"""Tells the workers that a round waits. The database row is what counts: a lost message is sent again by the workers."""

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

log = structlog.get_logger()


class RoundQueue:
    """Sends round ids, and nothing else, over Redis."""

    def __init__(self, redis_url: str) -> None:
        self._app = Celery("codelynn", broker=redis_url)
        self._app.conf.update(
            task_serializer="json",
            broker_connection_timeout=2,
            broker_transport_options={"socket_connect_timeout": 2, "socket_timeout": 5},
        )

    def send(self, round_id: str) -> bool:
        """Whether Redis took the message. If it is away the round stays queued until the workers find it."""
        try:
            self._app.send_task("workers.tasks.run_round", args=[round_id], queue="rounds", retry=False)
        except OperationalError:
            log.warning("redis is away: the round waits in the database", round=round_id)
            return False
        return True

    def reachable(self) -> bool:
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=2)
        except OperationalError:
            return False
        return True
