"""Starting and stopping the embedded Argilla server."""

import os
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.integration.argilla_server import (
    API_KEY,
    PROJECT,
    ArgillaServer,
    free_port,
    running,
    write_credentials,
)

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def argilla_python() -> Path:
    python = PROJECT / ".venv-argilla" / "bin" / "python"
    if not python.exists():
        pytest.skip("Argilla's environment is not installed: `make setup` makes .venv-argilla")
    return python


def refusal(server: ArgillaServer) -> str:
    """What a start that must fail says."""
    assert server.launch().wait(timeout=60) == 1
    return server.log.splitlines()[-1]


def test_it_serves_only_this_machine_and_stops_clean(argilla_python: Path, tmp_path: Path) -> None:
    """One start, many questions: starts take seconds."""
    with running(argilla_python, tmp_path / "one") as server:
        headers = {"X-Argilla-Api-Key": API_KEY}
        me = httpx.get(f"{server.url}/api/v1/me", headers=headers).json()
        assert (me["username"], me["role"]) == ("lynn", "owner")
        assert (
            httpx.get(f"{server.url}/api/v1/me", headers={"X-Argilla-Api-Key": "argilla.apikey"}).status_code
            == 401
        )

        page = httpx.get(f"{server.url}/sign-in", follow_redirects=True)
        assert page.is_success
        assert "img-src 'self'" in page.headers["content-security-policy"]
        assert (
            httpx.get(f"{server.url}/api/v1/version", headers={"Host": "elsewhere.example"}).status_code
            == 400
        )
        foreign = httpx.get(f"{server.url}/api/v1/version", headers={"Origin": "http://elsewhere.example"})
        assert "access-control-allow-origin" not in foreign.headers

        assert "already runs" in refusal(ArgillaServer(argilla_python, server.home))
        second = ArgillaServer(argilla_python, tmp_path / "two", port=server.port)
        assert "choose another port" in refusal(second)
        assert server.answers()

        secrets = server.home / "data" / "auth.secret"
        assert oct(secrets.stat().st_mode & 0o777) == "0o600"
        assert server.process is not None
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        assert not children.exists() or not children.read_text()
        assert server.end() == 0
        assert API_KEY not in server.log
        assert "a long password" not in server.log


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "short"}, "8 characters"),
        ({"api_key": ""}, "8 characters"),
        ({"username": ""}, "must not be empty"),
        ({"password": "ü" * 40}, "longer than"),
    ],
)
def test_credentials_that_argilla_would_not_take_are_refused(
    argilla_python: Path, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    assert said in said_about(argilla_python, write_credentials(tmp_path / "credentials.json", **change))


def test_credentials_that_others_can_read_are_refused(argilla_python: Path, tmp_path: Path) -> None:
    file = write_credentials(tmp_path / "credentials.json")
    file.chmod(0o644)
    assert "chmod 600" in said_about(argilla_python, file)


def test_missing_credentials_are_named(argilla_python: Path, tmp_path: Path) -> None:
    assert "cannot read" in said_about(argilla_python, tmp_path / "none.json")


def said_about(python: Path, credentials: Path) -> str:
    """The one line of a start with these credentials, which must fail."""
    command = [str(python), "-m", "codelynn_argilla", "serve", "--home", str(credentials.parent / "data")]
    command += ["--credentials", str(credentials), "--port", str(free_port())]
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "deploy" / "argilla")}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    return ended.stderr
