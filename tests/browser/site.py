"""The whole web service in a thread, on a real store and the real CTranslate2 engine."""

import socket
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import uvicorn
from fastapi import FastAPI

from feedback_app import main
from feedback_app.api.security import access
from feedback_app.engines.base import Delta, Engine, EngineUnavailable, GenerationRequest
from feedback_app.preferred import Preferred
from feedback_app.services.reward.live_learner import LiveReward
from feedback_app.settings import Settings
from feedback_app.web import build_web
from tests.tiny_model import known_personas
from tests.waiting import until


@dataclass(slots=True)
class HeldEngine:
    """The real engine, whose stream a test can hold after its first piece, to look at a reply half written, and which is
    away while `broken` says why."""

    engine: Engine
    free: threading.Event = field(default_factory=threading.Event)
    broken: str = ""

    def generate(self, requests: Sequence[GenerationRequest]) -> Generator[Delta, None, None]:
        self._check()
        return self._paced(self.engine.generate(requests))

    def _paced(self, deltas: Generator[Delta, None, None]) -> Generator[Delta, None, None]:
        try:
            for delta in deltas:
                yield delta
                self.free.wait(20)
        finally:
            deltas.close()

    @contextmanager
    def held(self) -> Iterator[None]:
        self.free.clear()
        try:
            yield
        finally:
            self.free.set()

    def models(self) -> list[str]:
        return self.engine.models()

    def load(self, name: str) -> None:
        self._check()
        self.engine.load(name)

    def close(self) -> None:
        self.free.set()
        self.engine.close()

    def _check(self) -> None:
        if self.broken:
            raise EngineUnavailable(self.broken)


@dataclass(frozen=True, slots=True)
class Site:
    url: str
    app: main.App
    engine: HeldEngine


@contextmanager
def serving(
    home: Path,
    base_model: Path | str,
    live: Callable[[], LiveReward] | None = None,
    fixed: bool = True,
    personas: Path | None = None,
) -> Iterator[Site]:
    """The service on a free port until the block ends. `live` makes its live reward model; it has none without. `fixed`: short
    and wild replies, which the Settings page then cannot change. `personas`: those that the tiny model knows where left out."""
    replies = {"max_new_tokens": 24, "temperature": 1.8} if fixed else {}
    settings = Settings(
        home=home,
        base_model=str(base_model),
        engine="ctranslate2",
        engine_threads=1,
        top_p=1,
        personas=personas or known_personas(home / "personas"),
        redis_url="redis://127.0.0.1:1",
        argilla_enabled=False,
        live_reward=live is not None,
        repeat_share=0,
        active_share=0,
        **replies,
    )  # type: ignore[call-arg]
    main.prepare_database(settings)
    build_engine = main.build_engine
    with (
        patch.object(main, "build_engine", lambda *given: HeldEngine(build_engine(*given))),
        patch.object(main, "live_reward", lambda settings: live),
    ):
        app = main.build(settings)
    assert isinstance(app.engine, HeldEngine)
    app.engine.free.set()
    try:
        with listening(web(app)) as port:
            try:
                yield Site(f"http://127.0.0.1:{port}", app, app.engine)
            finally:
                app.engine.free.set()
    finally:
        app.close()


def web(app: main.App) -> FastAPI:
    """The pages and routes on what was built. Another one on the same is what a restart of the service is to a browser."""
    rules = access("127.0.0.1", "", "", "token of the pages")
    replies = Preferred(app.settings, app.services.preferences).chat_sampling
    return build_web(app.services, app.store, app.engine, replies, rules, lambda: None)


@contextmanager
def listening(api: FastAPI, port: int = 0) -> Iterator[int]:
    """Answer on a port, any free one if 0, until the block ends."""
    server = uvicorn.Server(uvicorn.Config(api, log_config=None, ws="none", timeout_graceful_shutdown=1))
    listener = socket.create_server(("127.0.0.1", port))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        until(lambda: server.started, 60)
        yield listener.getsockname()[1]
    finally:
        open_ones = list(server.server_state.connections)
        server.should_exit = True
        thread.join(10)
        listener.close()
        for one in open_ones:  # as when a process ends: its loop leaves them open
            with suppress(OSError):
                one.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
