"""Argilla's stock background jobs: queued on a Redis, run by a worker process beside the server."""

import asyncio
import logging
import sys
from pathlib import Path
from types import TracebackType

import redis
from argilla_server.database import async_engine, sync_engine
from argilla_server.jobs import dataset_jobs, hub_jobs, webhook_jobs  # noqa: F401  (loaded once, before the forks)
from argilla_server.jobs.queues import DEFAULT_QUEUE, HIGH_QUEUE, REDIS_CONNECTION
from rq import Worker
from rq.job import Job

from codelynn_argilla.engine import register
from codelynn_argilla.leash import GRACE_SECONDS
from codelynn_argilla.logs import places

PAUSE_SECONDS = 2.0
log = logging.getLogger("argilla.jobs")


class RedisUnreachable(RuntimeError):
    """The queues cannot be used; the message holds no address, which may have a password in it."""


def check_redis() -> None:
    try:
        REDIS_CONNECTION.ping()
    except (redis.RedisError, OSError) as error:
        raise RedisUnreachable(
            f"cannot use the Redis of CODELYNN_ARGILLA_REDIS_URL ({type(error).__name__})"
        ) from None


def work() -> int:
    """Run jobs until SIGTERM; the exit status."""
    async_engine.sync_engine.hide_parameters = sync_engine.hide_parameters = True  # they are text of records
    logging.getLogger("rq.worker").disabled = True  # it prints the messages of exceptions
    register()
    queues = [HIGH_QUEUE, DEFAULT_QUEUE]
    worker = Worker(
        queues, connection=REDIS_CONNECTION, exception_handlers=[_log_failure], log_job_description=False
    )
    try:
        worker.work(
            with_scheduler=True
        )  # the scheduler brings back jobs that pause before they are tried again
    except redis.RedisError as error:
        log.error("the worker lost its Redis: %s", places(error))
        return 1
    return 0


def _log_failure(
    job: Job, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    log.error("job %s failed: %s", job.func_name, places(error))


async def keep_worker(home: Path) -> None:
    """A worker process, started again when it ends, until this task is cancelled."""
    command = (sys.executable, "-m", "codelynn_argilla", "worker", "--home", str(home), "--leashed")
    while True:
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        log.error("the worker of the jobs ended with status %d; it is started again", status)
        await asyncio.sleep(PAUSE_SECONDS)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()  # its leash
    try:
        await asyncio.wait_for(process.wait(), GRACE_SECONDS + 1)
    except TimeoutError:
        process.kill()
        await process.wait()
