"""An export that fails looks failed: before its first byte as an error, in the middle as a broken connection."""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
import uvicorn
from sqlalchemy.engine import RowMapping
from typer.testing import CliRunner

from feedback_app import cli
from feedback_app.domain.comparison import Comparison
from feedback_app.store import comparison_documents
from feedback_app.store.comparison_documents import ROWS
from feedback_app.store.comparison_rows import comparison_from
from tests.integration.api.edge_app import Edge, edge_app
from tests.unit.services.reward.live.examples import LONGER_WON, opened
from tests.waiting import until

pytestmark = pytest.mark.integration
RECORDS = ROWS + 100
LATE = f"record-{ROWS + 50}"
STREAMED = ("rankings", "trl", "hh", "openai", "sharegpt", "kto")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """So many rankings that they are read in two batches; one of the second is odd and cannot be read."""
    with edge_app(tmp_path_factory.mktemp("home")) as found:
        texts = ("A long reply. " * 20, "Short.")
        found.built.store.comparisons.add_all(
            [replace(opened(i, texts), id=f"record-{i}", ranking=LONGER_WON) for i in range(RECORDS)]
        )
        found.execute("UPDATE rankings SET seconds = 9e999 WHERE comparison_id = :name", name=LATE)
        with patch.object(comparison_documents, "comparison_from", unless_late):
            yield found


def unless_late(row: RowMapping) -> Comparison:
    """Every record but one can be read."""
    if row["id"] == LATE:
        raise ValueError("a fault that is no damage of the record")
    return comparison_from(row)


@contextmanager
def served(edge: Edge) -> Iterator[int]:
    """The port of a real server."""
    config = uvicorn.Config(edge.api, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def port(edge: Edge) -> Iterator[int]:
    with served(edge) as found:
        yield found


@pytest.mark.parametrize("format", STREAMED)
def test_a_failure_in_the_middle_breaks_the_connection(port: int, format: str) -> None:
    url = f"http://127.0.0.1:{port}/api/v1/export?format={format}"
    with httpx.stream("GET", url, timeout=60) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            answer.read()


def test_the_bytes_on_the_wire_have_no_last_chunk(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        wire.sendall(b"GET /api/v1/export?format=rankings HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        received = b"".join(iter(lambda: wire.recv(65536), b""))
    assert received.startswith(b"HTTP/1.1 200")
    assert b"record-1" in received
    assert not received.endswith(b"0\r\n\r\n")


def test_a_whole_export_ends_properly(tmp_path: Path) -> None:
    with edge_app(tmp_path) as edge:
        edge.built.store.comparisons.add_all([replace(opened(i), ranking=LONGER_WON) for i in range(600)])
        with served(edge) as port:
            answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/export?format=rankings", timeout=60)
    assert len(answer.text.splitlines()) == 600


def test_a_failure_before_the_first_byte_is_an_error_that_names_the_record(port: int) -> None:
    answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/export?format=parquet", timeout=60)
    assert answer.status_code == 500
    assert answer.json()["detail"].startswith(f"comparison {LATE} cannot be read")


@pytest.mark.parametrize("format", ["rankings", "trl", "parquet"])
def test_the_command_line_names_the_record_and_leaves_no_file(
    edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    monkeypatch.setenv("CODELYNN_HOME", str(edge.built.settings.home))
    monkeypatch.setenv("CODELYNN_LIVE_REWARD", "false")
    output = tmp_path / "pairs.jsonl"
    result = CliRunner().invoke(cli.app, ["export", "--format", format, "--output", str(output)])
    assert result.exit_code == 1
    assert f"comparison {LATE} cannot be read" in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_leaves_the_file_that_was_there(
    edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODELYNN_HOME", str(edge.built.settings.home))
    monkeypatch.setenv("CODELYNN_LIVE_REWARD", "false")
    output = tmp_path / "pairs.jsonl"
    output.write_text("from yesterday")
    CliRunner().invoke(cli.app, ["export", "--output", str(output)])
    assert output.read_text() == "from yesterday"
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rankings", "delete", "--yes", "\udcff"], "argument 4 holds bytes that are not UTF-8"),
        (["round", "queue", "--set", "beta=\udcff"], "argument 4 holds bytes that are not UTF-8"),
        (
            ["round", "queue", "--set", "beta=NaN"],
            "--set beta: the value holds NaN or Infinity, which are not JSON",
        ),
        (["round", "queue", "--set", "beta=1e400"], "--set beta: the value is not a finite number"),
        (
            ["round", "queue", "--set", f"seed={'9' * 5000}"],
            "--set seed: the value holds a number that is too long",
        ),
        (["round", "queue", "--set", "seed=" + "[" * 90_000], "--set seed: the value is nested too deeply"),
        (["round", "queue", "--set", r'beta="\ud83d"'], "--set beta: the value holds half a surrogate pair"),
    ],
)
def test_what_no_text_and_no_number_may_be_is_wrong_use(
    edge: Edge,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: list[str],
    told: str,
) -> None:
    monkeypatch.setenv("CODELYNN_HOME", str(edge.built.settings.home))
    monkeypatch.setattr(sys, "argv", ["codelynn", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert " ".join(capfd.readouterr().err.split()) == f"codelynn: {told}"
