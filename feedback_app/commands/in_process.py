"""The API without a running service: in this process, on a socket that only its user can reach, until the command ends."""

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
from feedback_app.preferred import Preferred
from feedback_app.settings import Settings

START_SECONDS = 60.0


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = threading.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.listens.set()


@contextmanager
def alone(settings: Settings, live: bool = False) -> Iterator[Service]:
    """The same API as the service's, on the same data, whose tables are made if need be. `live`: with the reward model
    that learns from each ranking, which `--best-of` may need; it reads every ranking first."""
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
