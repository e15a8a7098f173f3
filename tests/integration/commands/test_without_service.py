"""The commands where no service runs: what works says so, what does not says what to do."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from feedback_app.cli import app
from tests.integration.commands.conftest import CODELYNN, environment

pytestmark = pytest.mark.integration


@pytest.fixture
def home(prepared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = Path(shutil.copytree(prepared_home, tmp_path / "home"))
    (home / "codelynn.db").unlink()
    for name, value in environment(home, home / "tiny", 1).items():
        monkeypatch.setenv(name, value)
    return home


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=given)


def test_chat_says_in_one_line_how_to_go_on(home: Path) -> None:
    told = run("chat", given="Hello\n")
    assert (told.exit_code, told.stdout, len(told.stderr.splitlines())) == (1, "", 1)
    assert "start it with `codelynn up`" in told.stderr
    assert "--offline" in told.stderr


def test_data_and_rounds_are_worked_on_directly_and_that_is_said(home: Path) -> None:
    told = run("round", "list")
    assert (told.exit_code, told.stdout) == (0, "no rounds yet: `codelynn round queue` starts one\n")
    assert told.stderr == f"codelynn: codeLynn is not running; this worked on {home} without it\n"
    assert run("export").stdout == ""
    assert run("checkpoint", "list").exit_code == 0
    assert not (home / "run" / "service.json").exists()


def test_status_says_no_and_fails(home: Path) -> None:
    told = run("status")
    assert told.exit_code == 1
    assert re.search(r"service +│ NO +│ yes", told.stdout)
    assert not (home / "codelynn.db").exists(), "asking changes nothing"


def test_a_stale_note_of_a_service_is_no_service(home: Path) -> None:
    (home / "run").mkdir(exist_ok=True)
    (home / "run" / "service.json").write_text(f'{{"pid": {os.getpid()}, "address": "http://127.0.0.1:1"}}')
    assert run("status").exit_code == 1
    assert run("chat").exit_code == 1


def test_doctor_works_and_names_what_is_missing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("CODELYNN_PORT", str(server.getsockname()[1]))
        told = run("doctor")
    assert told.exit_code == 1
    assert "is in use" in told.stdout
    assert told.stderr == "codelynn: something needed is missing: see above\n"


@pytest.mark.parametrize(
    ("name", "value", "code"), [("PORT", "none", 2), ("HOST", "0.0.0.0", 2), ("BASE_MODEL", "/no/such", 1)]
)
def test_serve_refuses_wrong_settings_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: int
) -> None:
    monkeypatch.setenv("CODELYNN_PORT", "0")
    monkeypatch.setenv(f"CODELYNN_{name}", value)
    told = subprocess.run(
        [*CODELYNN, "serve"], env=dict(os.environ), capture_output=True, text=True, timeout=300, check=False
    )
    assert len(told.stderr.splitlines()) == 1, told.stderr
    line = told.stderr
    assert (told.returncode, line.startswith("codelynn: ")) == (code, True)


def test_serve_says_at_once_that_its_port_is_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("CODELYNN_PORT", str(server.getsockname()[1]))
        told = run("serve")
    assert told.exit_code == 1
    assert "is in use: stop what listens there" in told.stderr


@pytest.mark.parametrize("given", ["", ".", "..", "a/b"])
@pytest.mark.parametrize(
    "words", [["round", "show"], ["round", "cancel"], ["checkpoint", "promote"], ["snapshots", "diff"]]
)
def test_what_is_no_id_is_said_so_whichever_command_takes_it(
    home: Path, words: list[str], given: str
) -> None:
    told = run(*words, given)
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr == f"codelynn: {given!r} is no id and no name\n"


def test_an_id_with_the_marks_of_an_address_stays_an_id(home: Path) -> None:
    assert "there is no round ?limit=1" in run("round", "show", "?limit=1").stderr
    assert "there is no checkpoint x#y" in run("checkpoint", "promote", "x#y").stderr


def test_errors_of_files_are_said_in_words(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for output in (tmp_path / "nowhere" / "file", tmp_path):
        told = run("export", "--output", str(output))
        assert (told.exit_code, "cannot be written: give a file" in told.stderr) == (2, True)
    (tmp_path / "file").touch()
    monkeypatch.setenv("CODELYNN_HOME", str(tmp_path / "file" / "home"))
    told = run("round", "list")
    assert told.exit_code == 1
    assert f"nothing can be kept in {tmp_path}/file/home (Not a directory): set CODELYNN_HOME" in told.stderr


def test_a_database_that_is_none_is_one_line(home: Path) -> None:
    (home / "codelynn.db").write_text("no database " * 100)
    for words in (["round", "list"], ["migrate"], ["chat", "--offline"]):
        told = run(*words)
        assert told.exit_code == 1, told.output
        assert "file is not a database: check the file" in told.stderr.splitlines()[-1]
