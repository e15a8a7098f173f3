"""Argilla's stock jobs on a real Valkey: queued by the server, run by its worker, which never outlives it."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import argilla as rg
import psutil
import pytest
import redis

from feedback_app.embedded.valkey import answers, find_server, write_config
from tests.integration.desks.argilla.records import SECRET
from tests.integration.desks.argilla.server import API_KEY, WORKSPACE, ArgillaServer, free_port, running
from tests.waiting import until

pytestmark = pytest.mark.integration
PASSWORD = "a-password-of-valkey"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of our own; its database 3 is Argilla's."""
    folder, port = tmp_path_factory.mktemp("valkey"), free_port()
    config = write_config(folder / "valkey.conf", folder / "data", port, PASSWORD)
    process = subprocess.Popen([str(find_server()), str(config)], stdout=subprocess.DEVNULL)
    url = f"redis://:{PASSWORD}@127.0.0.1:{port}/3"
    until(lambda: answers(url))
    yield url
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="module")
def shared(
    argilla_python: Path, valkey: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ArgillaServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CODELYNN_ARGILLA_REDIS_URL", valkey)
        with running(argilla_python, tmp_path_factory.mktemp("queueing")) as server:
            yield server


@pytest.fixture
def queueing(shared: ArgillaServer) -> ArgillaServer:
    """The server of this file, started again if a test has ended it."""
    assert shared.process is not None
    if shared.process.poll() is not None:
        shared.start()
    return shared


class Listener(BaseHTTPRequestHandler):
    heard: list[dict[str, object]]

    def do_POST(self) -> None:
        self.heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        failed_before = len(self.heard) > 1 or not self.path.endswith("flaky")
        self.send_response(200 if failed_before else 500)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def listener() -> Iterator[tuple[str, list[dict[str, object]]]]:
    heard: list[dict[str, object]] = []
    handler = type("Listening", (Listener,), {"heard": heard})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()


def workers(server: ArgillaServer) -> list[psutil.Process]:
    """The worker and what it has forked."""
    assert server.process is not None
    return [each for each in psutil.Process(server.process.pid).children(recursive=True) if each.is_running()]


def is_listening(url: str) -> bool:
    with redis.Redis.from_url(url) as queues:
        return bool(queues.smembers("rq:workers:default"))


def log_a_record(server: ArgillaServer, name: str) -> None:
    client = rg.Argilla(api_url=server.url, api_key=API_KEY)
    settings = rg.Settings(
        fields=[rg.TextField(name="text")], questions=[rg.LabelQuestion(name="choice", labels=["A", "B"])]
    )
    dataset = rg.Dataset(name=name, workspace=WORKSPACE, settings=settings, client=client).create()
    dataset.records.log([rg.Record(fields={"text": SECRET})])
    client.http_client.close()


@contextmanager
def subscribed(server: ArgillaServer, url: str) -> Iterator[None]:
    client = rg.Argilla(api_url=server.url, api_key=API_KEY)
    body = {"url": url, "events": ["record.created"], "description": "test"}
    made = client.http_client.post("/api/v1/webhooks", json=body).raise_for_status().json()
    yield
    client.http_client.delete(f"/api/v1/webhooks/{made['id']}").raise_for_status()
    client.http_client.close()


def test_jobs_are_queued_there_and_run_once_by_the_worker(
    queueing: ArgillaServer, listener: tuple[str, list[dict[str, object]]], valkey: str
) -> None:
    url, heard = listener
    with subscribed(queueing, url):
        log_a_record(queueing, "events")
        until(lambda: heard, seconds=60)
    assert [event["type"] for event in heard] == ["record.created"]
    with redis.Redis.from_url(valkey) as queues:
        assert set(queues.smembers("rq:queues")) >= {b"rq:queue:high"}
    with redis.Redis.from_url(valkey.removesuffix("/3") + "/0") as others:
        assert others.dbsize() == 0


def test_a_failing_job_leaves_no_text_in_the_log_and_waits_for_its_next_try(
    queueing: ArgillaServer, listener: tuple[str, list[dict[str, object]]], valkey: str
) -> None:
    url, heard = listener
    with subscribed(queueing, f"{url}/{SECRET}/flaky"):
        log_a_record(queueing, "failing-events")
        until(lambda: "notify_event_job failed: HTTPStatusError" in queueing.log, seconds=60)
        until(lambda: len(heard) == 2, seconds=60)
    assert SECRET not in queueing.log
    assert PASSWORD not in queueing.log


def test_a_killed_worker_is_started_again(queueing: ArgillaServer, valkey: str) -> None:
    until(lambda: is_listening(valkey) and workers(queueing), seconds=60)
    before = workers(queueing)
    os.kill(before[0].pid, signal.SIGKILL)
    until(lambda: any(each not in before for each in workers(queueing)), seconds=30)
    _, alive = psutil.wait_procs(before, timeout=15)
    assert alive == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_worker_ends_with_the_server(queueing: ArgillaServer, valkey: str, number: int) -> None:
    until(lambda: is_listening(valkey) and workers(queueing), seconds=60)
    children = workers(queueing)
    assert all(PASSWORD not in " ".join(each.cmdline()) for each in children)
    queueing.end(number)
    _, alive = psutil.wait_procs(children, timeout=15)
    assert alive == []


@pytest.mark.parametrize(
    "url", ["redis://:a-password-of-valkey@127.0.0.1:1/3", "valkey:a-password-of-valkey"]
)
def test_a_redis_that_cannot_be_used_is_told_without_its_password(
    argilla_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CODELYNN_ARGILLA_REDIS_URL", url)
    server = ArgillaServer(argilla_python, tmp_path)
    assert server.launch().wait(timeout=60) == 1
    assert "CODELYNN_ARGILLA_REDIS_URL" in server.log
    assert PASSWORD not in server.log
