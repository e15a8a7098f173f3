"""One real server for all tests of this folder: a start takes seconds of processor time."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback_app.desks.argilla import ArgillaDesk
from tests.integration.desks.argilla.server import API_KEY, PROJECT, WORKSPACE, ArgillaServer, running

with warnings.catch_warnings():  # argilla 2.8 declares its models in pydantic 1's way
    warnings.simplefilter("ignore", DeprecationWarning)
    import argilla as rg


@pytest.fixture(scope="package")
def argilla_python() -> Path:
    python = PROJECT / ".venv-argilla" / "bin" / "python"
    if not python.exists():
        pytest.skip("Argilla's environment is not installed: `make setup` makes .venv-argilla")
    return python


@pytest.fixture(scope="package")
def shared_server(argilla_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgillaServer]:
    with running(argilla_python, tmp_path_factory.mktemp("argilla")) as server:
        yield server


@pytest.fixture
def server(shared_server: ArgillaServer) -> Iterator[ArgillaServer]:
    """The shared server. A test that ends it must use this fixture, which starts it again for the tests that follow."""
    yield shared_server
    assert shared_server.process is not None
    if shared_server.process.poll() is not None:
        shared_server.start()


@pytest.fixture(scope="package")
def client(shared_server: ArgillaServer) -> Iterator[rg.Argilla]:
    client = rg.Argilla(api_url=shared_server.url, api_key=API_KEY)
    yield client
    client.http_client.close()


@pytest.fixture
def desk(server: ArgillaServer) -> Iterator[ArgillaDesk]:
    desk = ArgillaDesk(server.url, API_KEY, WORKSPACE, timeout=30)
    yield desk
    desk.close()
