"""From a prepared home to a served address, and down again at SIGTERM."""

import asyncio
import logging
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import FrameType

import uvicorn
from argilla_server._app import app, configure_database, configure_search_engine
from argilla_server.database import async_engine, sync_engine

from codelynn_argilla.credentials import BadCredentials, Credentials
from codelynn_argilla.database import ensure_owner, migrate
from codelynn_argilla.engine import register
from codelynn_argilla.events import skip_unheard_events
from codelynn_argilla.home import Home
from codelynn_argilla.index import ensure_index
from codelynn_argilla.jobs import InlineJobs
from codelynn_argilla.refusals import refuse_vector_settings
from codelynn_argilla.web import harden
from codelynn_argilla.worker import RedisUnreachable, check_redis, keep_worker

GRACE_SECONDS = 5
log = logging.getLogger("uvicorn.error")


def run(
    home: Home, credentials: Credentials, listener: socket.socket, host: str, jobs: InlineJobs | None
) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit status. Without inline jobs they go to Redis and a worker process."""
    signal.signal(signal.SIGTERM, _leave)  # uvicorn raises the signal again once it has shut down
    try:
        if jobs is None:
            check_redis()
        migrate(home.database)
        if ensure_index(home.database):
            log.info("made the search index anew")
        register()
        skip_unheard_events()
        refuse_vector_settings()
        harden(app, host)
        asyncio.run(_serve(home, credentials, listener, jobs))
    except (BadCredentials, RedisUnreachable) as error:
        sys.stderr.write(f"argilla: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _serve(
    home: Home, credentials: Credentials, listener: socket.socket, jobs: InlineJobs | None
) -> None:
    async_engine.sync_engine.hide_parameters = sync_engine.hide_parameters = True  # they are text of records
    started = time.monotonic()
    await ensure_owner(credentials)
    await configure_database()
    await configure_search_engine()
    log.info("database ready after %.1f s", time.monotonic() - started)
    # lifespan off: Argilla's would wait a minute for Redis; its other steps are the ones above.
    config = uvicorn.Config(
        app, lifespan="off", access_log=False, log_config=None, timeout_graceful_shutdown=GRACE_SECONDS
    )
    try:
        async with _worker(home) if jobs is None else _inline(jobs):
            await uvicorn.Server(config).serve(sockets=[listener])
    finally:
        await async_engine.dispose()


@asynccontextmanager
async def _inline(jobs: InlineJobs) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await jobs.finish(GRACE_SECONDS)


@asynccontextmanager
async def _worker(home: Home) -> AsyncIterator[None]:
    keeper = asyncio.create_task(keep_worker(home.path))
    try:
        yield
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper


def _leave(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)
