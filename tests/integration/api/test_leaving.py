"""Readers who leave, and a queue that is full: the real service on the real CTranslate2 engine, slowed down to a large model's pace."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import uvicorn

from feedback_app import main
from feedback_app.api.app import build_api
from feedback_app.domain.comparison import Sampling
from feedback_app.engines import ct2
from feedback_app.engines.ct2 import Ct2Engine
from feedback_app.settings import Settings
from tests.tiny_model import known_personas
from tests.waiting import until

pytestmark = pytest.mark.integration
LONG = 900
PROMPT = [{"role": "user", "content": "Tell me a joke."}]
SLOW = {"model": "base", "messages": PROMPT, "max_tokens": LONG}
PER_CLIENT, TOTAL = 3, 4


@dataclass(frozen=True)
class Served:
    url: str
    app: main.App
    engine: Ct2Engine

    def client(self, key: str = "one") -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, timeout=60, headers=headers)

    def waiting(self) -> int:
        return len(self.engine._scheduler._queue.waiting)

    def running(self) -> int:
        return len(self.engine._scheduler._queue.running)


@pytest.fixture(scope="module")
def served(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(
        home=home,
        base_model=str(tiny_model),
        engine="ctranslate2",
        engine_threads=1,
        personas=known_personas(home / "personas"),
        redis_url="redis://127.0.0.1:1/0",
        live_reward=False,
        queue_per_client=PER_CLIENT,
        queue_total=TOTAL,
        queue_seconds=30,
    )  # type: ignore[call-arg]
    main.prepare_database(settings)
    built_engine: list[Ct2Engine] = []
    build_engine = main.build_engine

    def built(*given: Any) -> Ct2Engine:
        engine = build_engine(*given)
        assert isinstance(engine, Ct2Engine)
        built_engine.append(engine)
        return engine

    with patch.object(main, "build_engine", built), slow_engine():
        app = main.build(settings)
        api = build_api(app.services, app.store, app.engine, lambda: Sampling(max_new_tokens=8), lambda: None)
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(api, log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        until(lambda: server.started)
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", app, built_engine[0])
        server.should_exit = True
        thread.join(20)
        listener.close()
        app.close()


def slow_engine() -> Any:
    """Long replies never end by themselves, and each of their tokens takes 20 ms."""
    options, on_token = ct2.sampling_options, ct2._on_token

    def endless(sampling: Sampling, vocabulary: int) -> dict[str, float | int]:
        never_short = {"min_length": LONG} if sampling.max_new_tokens == LONG else {}
        return {**options(sampling, vocabulary), **never_short}

    def slowly(replies: Any, *rest: Any) -> bool:
        time.sleep(0.02 if replies[0]._limit - replies[0]._written > 100 else 0)
        return on_token(replies, *rest)

    return patch.multiple(ct2, sampling_options=endless, _on_token=slowly)


@pytest.fixture(autouse=True)
def quiet(served: Served) -> Iterator[None]:
    """Every test begins and ends with an idle engine."""
    until(lambda: served.running() == served.waiting() == 0)
    yield
    until(lambda: served.running() == served.waiting() == 0)


def left(ask: Callable[[httpx.Client], Any], served: Served, key: str = "one") -> "Abandoned":
    return Abandoned(ask, served, key)


class Abandoned:
    """A request on its way, from which the client walks away with `leave`."""

    def __init__(self, ask: Callable[[httpx.Client], Any], served: Served, key: str) -> None:
        self._client = served.client(key)
        self._pool = ThreadPoolExecutor(1)
        self._asked: Future[Any] = self._pool.submit(ask, self._client)

    def leave(self) -> None:
        pool: Any = self._client._transport._pool  # type: ignore[attr-defined]
        streams = [connection._connection._network_stream for connection in pool.connections]
        for stream in streams:
            stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        with pytest.raises(httpx.HTTPError):
            self._asked.result(20)
        for stream in streams:
            stream.close()
        self._client.close()
        self._pool.shutdown()


def completion(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/chat/completions", json=SLOW)


def stream(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/chat/completions", json={**SLOW, "stream": True})


def several(client: httpx.Client) -> httpx.Response:
    return client.post("/v1/chat/completions", json={**SLOW, "n": 4})


def chat_reply(served: Served) -> float:
    """Seconds until the chat page has a whole reply."""
    began = time.monotonic()
    chat = served.app.services.chat
    talk = chat.begin("base", "lynn")
    list(chat.say(talk.id, "Hello, how are you?"))
    return time.monotonic() - began


@pytest.mark.parametrize("ask", [completion, stream, several])
def test_a_reader_who_left_frees_the_engine_within_a_second_or_two(
    served: Served, ask: Callable[[httpx.Client], Any]
) -> None:
    request = left(ask, served)
    until(lambda: served.running() == 1)
    request.leave()
    began = time.monotonic()
    until(lambda: served.running() == 0)
    assert time.monotonic() - began < 5, "18 s would be left to write"


def test_a_comparison_whose_reader_left_is_neither_written_nor_kept(served: Served) -> None:
    with patch.object(served.app.services.arena, "planner", _long(served)):
        request = left(lambda client: client.post("/api/v1/comparisons", json={"prompt": "Hi"}), served)
        until(lambda: served.running() == 1)
        request.leave()
        until(lambda: served.running() == 0)
    until(lambda: not served.app.store.comparisons.page(None, None, 10).items)


def _long(served: Served) -> Any:
    planner = served.app.services.arena.planner
    return replace(planner, sampling=lambda: replace(planner.sampling(), max_new_tokens=LONG))


def test_four_abandoned_long_requests_do_not_silence_the_chat(served: Served) -> None:
    requests = [left(completion, served, key) for key in "abcd"]
    until(lambda: served.running() == 2 and served.waiting() == 2)
    assert chat_reply(served) < 5, "a place is kept for interactive work"
    for request in requests:
        request.leave()
    began = time.monotonic()
    until(lambda: served.running() == served.waiting() == 0)
    assert time.monotonic() - began < 5
    assert chat_reply(served) < 5


def test_who_left_while_waiting_never_runs(served: Served) -> None:
    holding = [left(completion, served, key) for key in "ab"]
    until(lambda: served.running() == 2)
    waiting = left(completion, served, "c")
    until(lambda: served.waiting() == 1)
    waiting.leave()
    until(lambda: served.waiting() == 0)
    assert served.running() == 2
    for request in holding:
        request.leave()


def test_a_full_queue_answers_429_to_its_client_503_to_all_and_serves_pages(served: Served) -> None:
    holding = [left(completion, served, "greedy") for _ in range(2)]
    until(lambda: served.running() == 2)
    waiting = [left(completion, served, "greedy") for _ in range(PER_CLIENT)]
    until(lambda: served.waiting() == PER_CLIENT)
    with served.client("greedy") as greedy, served.client("other") as other:
        for ask in (completion, stream):
            refused = ask(greedy)
            assert refused.status_code == 429
            assert int(refused.headers["Retry-After"]) >= 1
        waiting.append(left(completion, served, "third"))
        until(lambda: served.waiting() == TOTAL)
        full = completion(other)
        assert full.status_code == 503
        assert int(full.headers["Retry-After"]) >= 1
        comparison = other.post("/api/v1/comparisons", json={"prompt": "Hi"})
        assert (comparison.status_code, "Retry-After" in comparison.headers) == (503, True)
        assert other.get("/health/live", timeout=10).status_code == 200
    assert not served.app.store.comparisons.page(None, None, 10).items, "nothing is kept of what was refused"
    assert chat_reply(served) < 5
    for request in [*waiting, *holding]:
        request.leave()
