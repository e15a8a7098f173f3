"""Runs the API in this process, if no service runs, on a Unix socket that only this user can reach. It ends with the command."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from feedback_app import main as root
from feedback_app.api.app import build_api
from feedback_app.commands.client import Service, client
from feedback_app.commands.common import CommandFailed
from feedback_app.logs import configure_logs
from feedback_app.preferred import Preferred
from feedback_app.settings import Settings

START_SECONDS = 60.0


class Server(uvicorn.Server):
    """A server with an event for when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.listens.set()


@contextmanager
def own_service(settings: Settings, live: bool = False) -> Iterator[Service]:
    """The API on the same data; missing tables are created. `live`: with the live reward model, which `--best-of` may need and which reads
    every ranking first."""
    configure_logs("WARNING")  # standard output is the answer
    root.prepare_database(settings)
    app = root.build(settings.model_copy(update={"live_reward": settings.live_reward and live}))
    replies = Preferred(settings, app.services.preferences).chat_sampling
    api = build_api(app.services, app.store, app.engine, replies, app.close)
    with tempfile.TemporaryDirectory(prefix="codelynn-") as folder:
        path = str(Path(folder) / "api")
        server = Server(
            uvicorn.Config(api, uds=path, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, name="api", daemon=True)
        thread.start()
        try:
            if not server.listens.wait(START_SECONDS):
                raise CommandFailed("codeLynn's API did not start in this process: see the error above")
            with client("http://127.0.0.1", "", httpx.HTTPTransport(uds=path)) as http:
                yield Service(http)
        finally:
            server.should_exit = True
            thread.join()
