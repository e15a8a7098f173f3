"""Starting and stopping the embedded Argilla server."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import argilla as rg
import httpx
import pytest

from feedback_app.desks.argilla import ArgillaDesk
from feedback_app.desks.base import DeskUnavailable
from tests.integration.desks.argilla.records import SECRET, answers_of, comparison, count, stored
from tests.integration.desks.argilla.server import (
    API_KEY,
    PROJECT,
    ArgillaServer,
    free_port,
    write_credentials,
)

pytestmark = pytest.mark.integration


def refusal(server: ArgillaServer) -> str:
    """What a start that must fail says."""
    assert server.launch().wait(timeout=60) == 1
    return server.log.splitlines()[-1]


def said_about(python: Path, credentials: Path) -> str:
    """The one line of a start with these credentials, which must fail."""
    command = [str(python), "-m", "codelynn_argilla", "serve", "--home", str(credentials.parent / "data")]
    command += ["--credentials", str(credentials), "--port", str(free_port())]
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "deploy" / "argilla")}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    return ended.stderr


def test_it_answers_its_owner_and_nobody_with_a_default_key(server: ArgillaServer) -> None:
    mine = httpx.get(f"{server.url}/api/v1/me", headers={"X-Argilla-Api-Key": API_KEY}).json()
    assert (mine["username"], mine["role"]) == ("lynn", "owner")
    default = httpx.get(f"{server.url}/api/v1/me", headers={"X-Argilla-Api-Key": "argilla.apikey"})
    assert default.status_code == 401


def test_its_pages_load_nothing_from_elsewhere_and_serve_only_this_machine(server: ArgillaServer) -> None:
    page = httpx.get(f"{server.url}/sign-in", follow_redirects=True)
    assert page.is_success
    assert "img-src 'self'" in page.headers["content-security-policy"]
    version = f"{server.url}/api/v1/version"
    assert httpx.get(version, headers={"Host": "elsewhere.example"}).status_code == 400
    foreign = httpx.get(version, headers={"Origin": "http://elsewhere.example"})
    assert "access-control-allow-origin" not in foreign.headers


def test_a_second_server_on_its_home_or_port_is_refused(server: ArgillaServer, tmp_path: Path) -> None:
    assert "already runs" in refusal(ArgillaServer(server.python, server.home))
    assert "choose another port" in refusal(ArgillaServer(server.python, tmp_path, port=server.port))
    assert server.answers()


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


def test_killed_and_started_again_nothing_is_lost_and_the_desk_reconnects(
    server: ArgillaServer, client: rg.Argilla, desk: ArgillaDesk
) -> None:
    """kill -9, refusals while away, then the same data, and a stop that leaves no process and no text in the log."""
    record = comparison(note="kept")
    desk.push([record])
    assert desk.health()
    server.kill()
    with pytest.raises(DeskUnavailable):
        desk.push([comparison()])
    assert not desk.health()
    server.start()
    assert answers_of(stored(client, record))["note"] == "kept"
    assert count(client, 3, query=f'"{SECRET}"') >= 1
    desk.push([replace(record, note="changed")])
    assert answers_of(stored(client, record))["note"] == "changed"
    assert server.process is not None
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    assert not children.exists() or not children.read_text()
    assert server.end() == 0
    assert not any(secret in server.log for secret in (SECRET, API_KEY, "a long password"))
    assert (server.home / "data" / "auth.secret").stat().st_mode & 0o077 == 0
