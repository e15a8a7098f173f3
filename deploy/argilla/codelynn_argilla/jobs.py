"""Argilla's background jobs as tasks of the server's own event loop: no Redis, no worker process.

Every job of Argilla 2.8 is `async def`. Its job modules apply `rq.decorators.job` while they are imported, so
`install` must run before the first import of `argilla_server`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import rq.decorators

from codelynn_argilla.logs import places

log = logging.getLogger("argilla.jobs")
PAUSE_SECONDS = 5.0

Job = Callable[..., Awaitable[None]]


class Queued:
    """What callers of `.delay` look at: an id and a status."""

    def __init__(self) -> None:
        self.id = str(uuid4())

    def get_status(self, refresh: bool = True) -> str:
        return "queued"


class InlineJobs:
    """Stands in for rq's decorator and keeps the running tasks."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def decorator(self, queue: object, *_: object, retry: Any = None, **__: object) -> Callable[[Job], Job]:
        tries = 1 + (retry.max if retry else 0)

        def decorate(function: Job) -> Job:
            def delay(*args: object, **kwargs: object) -> Queued:
                self._start(function, tries, args, kwargs)
                return Queued()

            function.delay = delay  # type: ignore[attr-defined]
            return function

        return decorate

    def _start(self, function: Job, tries: int, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        task = asyncio.get_running_loop().create_task(_run(function, tries, args, kwargs))
        self._running.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._running.discard)

    async def finish(self, seconds: float) -> None:
        """Wait for running jobs, at most `seconds`."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)


async def _run(function: Job, tries: int, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
    for attempt in range(1, tries + 1):
        try:
            return await function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  (as in rq: a job's failure is logged, and it is tried again)
            log.error("job %s failed (%d of %d): %s", function.__name__, attempt, tries, places(error))
        if attempt < tries:
            await asyncio.sleep(PAUSE_SECONDS * attempt)
    return None


def install() -> InlineJobs:
    jobs = InlineJobs()
    rq.decorators.job = jobs.decorator
    return jobs
