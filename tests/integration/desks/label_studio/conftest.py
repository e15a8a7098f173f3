"""One real server for all tests of this folder: a start takes most of a minute of processor time."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from feedback_app.desks.label_studio import LabelStudioDesk
from feedback_app.embedded.label_studio import find_server
from tests.integration.desks.label_studio.server import LabelStudioServer, running
from tests.paths import PROJECT


@pytest.fixture(scope="package")
def label_studio_program() -> Path:
    program = find_server(PROJECT)
    if program is None:
        pytest.skip("Label Studio's environment is not installed: `make setup` makes .venv-label-studio")
    return program


@pytest.fixture(scope="package")
def shared_server(
    label_studio_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabelStudioServer]:
    with running(label_studio_program, tmp_path_factory.mktemp("label-studio")) as server:
        yield server


@pytest.fixture
def server(shared_server: LabelStudioServer) -> LabelStudioServer:
    """The shared server, started again if a test has ended it."""
    assert shared_server.process is not None
    if shared_server.process.poll() is not None:
        shared_server.start()
    return shared_server


@pytest.fixture
def owner(server: LabelStudioServer) -> Iterator[httpx.Client]:
    """The owner's own HTTP client: what the labelling page would send."""
    headers = {"Authorization": f"Token {server.owner.token}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def desk(server: LabelStudioServer) -> Iterator[LabelStudioDesk]:
    desk = LabelStudioDesk(server.url, server.owner.token)
    yield desk
    desk.close()
