"""What `codelynn doctor` looks at."""

import os
import socket
from importlib.metadata import version
from pathlib import Path

import pytest

from feedback_app.commands import machine
from feedback_app.commands.machine import Lacking, checks, listener_on, packages, private
from feedback_app.services.status import PartStatus
from feedback_app.settings import Settings


def settings(home: Path, **more: object) -> Settings:
    return Settings(home=home, argilla_enabled=False, **more)  # type: ignore[arg-type]


def test_a_machine_with_nothing_running_is_told_part_by_part(tmp_path: Path) -> None:
    told = {part.name: part for part in checks(settings(tmp_path / "new", port=0), "")}
    assert told["python"].ok
    assert told["home"].detail.endswith("is made at the first start")
    assert "not prepared yet" in told["base model"].detail
    assert told["port"].ok
    assert not (tmp_path / "new").exists(), "looking changes nothing"


def test_a_port_in_use_names_who_has_it_and_the_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        part = next(p for p in checks(settings(tmp_path, port=port), "") if p.name == "port")
        assert (part.ok, part.required) == (False, True)
        assert f"{port} is in use" in part.detail
        assert "CODELYNN_PORT" in part.detail
        assert listener_on(port) in ("", f" by {machine.psutil.Process().name()} (process {os.getpid()})")


def test_our_own_port_is_no_trouble(tmp_path: Path) -> None:
    part = next(p for p in checks(settings(tmp_path), "http://127.0.0.1:7860") if p.name == "port")
    assert (part.ok, part.detail) == (True, "codeLynn itself answers at http://127.0.0.1:7860")


def test_secrets_that_others_can_read_are_named_with_the_command_that_mends_it(tmp_path: Path) -> None:
    assert private(tmp_path) == "none yet"
    (tmp_path / "secrets").mkdir()
    file = tmp_path / "secrets" / "valkey"
    file.write_text("x")
    file.chmod(0o600)
    assert private(tmp_path) == "1 files, readable by their owner only"
    file.chmod(0o644)
    with pytest.raises(Lacking, match=f"chmod 600 {file}"):
        private(tmp_path)


def test_packages_are_compared_with_those_that_were_tested(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    assert "not compared" in packages(lock)
    lock.write_text(f"# made by hand\nhttpx=={version('httpx')}\n")
    assert packages(lock) == "1 packages as tested"
    lock.write_text("httpx==0.0.1\nno-such-package==1.0\n")
    with pytest.raises(
        Lacking, match=r"httpx .* instead of 0\.0\.1, no-such-package \(missing\) instead of 1\.0: run"
    ):
        packages(lock)


def test_a_full_disk_and_a_home_that_cannot_be_written_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "DISK", 1e9)
    part = next(p for p in checks(settings(tmp_path), "x") if p.name == "disk")
    assert not part.ok
    assert "CODELYNN_HOME" in part.detail


def told(settings: Settings, name: str) -> PartStatus:
    return next(part for part in checks(settings, "") if part.name == name)


def test_a_home_that_is_a_file_is_no_home(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for home in (file, file / "below"):
        part = told(settings(home), "home")
        assert (part.ok, part.detail) == (False, f"{file} is not a folder: set CODELYNN_HOME to one")


@pytest.mark.parametrize(
    ("name", "setting", "value", "says"),
    [
        ("base model", "base_model", "/no/such", "CODELYNN_BASE_MODEL"),
        ("persona", "persona", "nobody", "there are: lynn, magister; it is set by CODELYNN_PERSONA"),
        ("database", "database_url", "postgresql://127.0.0.1:1/db", "CODELYNN_DATABASE_URL"),
        ("engine", "engine_url", "http://127.0.0.1:1/v1", "does not answer: start it, or correct CODELYNN_ENGINE_URL"),
    ],
)  # fmt: skip
def test_what_a_setting_names_and_is_not_there_is_needed_and_named(
    tmp_path: Path, name: str, setting: str, value: str, says: str
) -> None:
    part = told(settings(tmp_path, **{setting: value}), name)
    assert (part.ok, part.required) == (False, True)
    assert says in part.detail


def test_a_file_that_is_no_persona_or_no_database_says_which(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{}")
    part = told(settings(tmp_path, personas=tmp_path, persona="broken"), "persona")
    assert (part.ok, str(tmp_path / "broken.json") in part.detail) == (False, True)
    assert told(settings(tmp_path), "database").detail == "made at the first start"
    (tmp_path / "codelynn.db").write_text("no database " * 100)
    part = told(settings(tmp_path), "database")
    assert (part.ok, "file is not a database" in part.detail) == (False, True)
