"""From a prepared home to a served address, and down again at SIGTERM."""

import asyncio
import logging
import signal
import socket
import sys
import time
from types import FrameType

from codelynn_argilla import jobs
from codelynn_argilla.credentials import BadCredentials, Credentials
from codelynn_argilla.home import Home

inline_jobs = jobs.install()  # before argilla_server is imported, see there

import uvicorn  # noqa: E402
from argilla_server._app import app, configure_database, configure_search_engine  # noqa: E402
from argilla_server.database import async_engine, sync_engine  # noqa: E402

from codelynn_argilla.database import ensure_owner, migrate  # noqa: E402
from codelynn_argilla.engine import register  # noqa: E402
from codelynn_argilla.index import ensure_index  # noqa: E402
from codelynn_argilla.web import harden  # noqa: E402

GRACE_SECONDS = 5
log = logging.getLogger("uvicorn.error")


def run(home: Home, credentials: Credentials, listener: socket.socket, host: str) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit status."""
    signal.signal(signal.SIGTERM, _leave)  # uvicorn raises the signal again once it has shut down
    try:
        migrate(home.database)
        if ensure_index(home.database):
            log.info("made the search index anew")
        register()
        harden(app, host)
        asyncio.run(_serve(credentials, listener))
    except BadCredentials as error:
        sys.stderr.write(f"argilla: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _serve(credentials: Credentials, listener: socket.socket) -> None:
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
        await uvicorn.Server(config).serve(sockets=[listener])
    finally:
        await inline_jobs.finish(GRACE_SECONDS)
        await async_engine.dispose()


def _leave(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)
