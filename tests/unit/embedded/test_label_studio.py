"""The embedded Label Studio's login, command and addresses, without starting it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from feedback_app.desks.label_studio import label_studio_desk
from feedback_app.embedded.label_studio import (
    NotInstalled,
    find_server,
    install,
    login,
    part,
    sole_label_studio,
)
from feedback_app.embedded.running_services import (
    AlreadyRunning,
    label_studio_file,
    with_embedded,
    write_label_studio,
)
from feedback_app.settings import Settings

URL = "http://127.0.0.1:8080"


def test_a_login_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "label-studio.json"
    first, second = login(file), login(file)
    assert (first.fresh, second.fresh) == (True, False)
    assert (first.password, first.token) == (second.password, second.token)
    assert first.password not in ("", login(tmp_path / "other.json").password)
    assert len(first.token) == 40
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_secret_is_on_the_command_line_and_it_listens_on_loopback(tmp_path: Path) -> None:
    owner = login(tmp_path / "login.json")
    command = part(Path("label-studio"), tmp_path, 8080, owner).command
    assert owner.password not in str(command.argv)
    assert owner.token not in str(command.argv)
    assert command.argv[command.argv.index("--internal-host") + 1] == "127.0.0.1"
    assert Path(command.env["LABEL_STUDIO_DATABASE_NAME"]).is_relative_to(tmp_path)


@pytest.mark.parametrize("name", ["COLLECT_ANALYTICS", "LATEST_VERSION_CHECK", "CORS_ALLOW_ALL_ORIGINS"])
def test_it_reports_to_nobody(name: str, tmp_path: Path) -> None:
    env = part(Path("label-studio"), tmp_path, 8080, login(tmp_path / "login.json")).command.env
    assert env[f"LABEL_STUDIO_{name}"] == "false"
    assert (env["LABEL_STUDIO_SENTRY_DSN"], env["LABEL_STUDIO_FRONTEND_SENTRY_DSN"]) == ("", "")
    assert env["DO_NOT_TRACK"] == "1"


def test_a_running_server_is_found_and_its_token_goes_to_no_other_address(tmp_path: Path) -> None:
    write_label_studio(tmp_path, URL, "t" * 40)
    found = with_embedded(Settings(home=tmp_path))
    assert (found.label_studio_url, found.label_studio_token) == (URL, "t" * 40)
    assert stat.S_IMODE(label_studio_file(tmp_path).stat().st_mode) == 0o600
    elsewhere = with_embedded(Settings(home=tmp_path, label_studio_url="http://elsewhere.example"))
    assert elsewhere.label_studio_token == ""
    assert label_studio_desk(elsewhere) is None


def test_a_server_whose_process_ended_is_not_found(tmp_path: Path) -> None:
    write_label_studio(tmp_path, URL, "t" * 40)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    kept = label_studio_file(tmp_path)
    kept.write_text(kept.read_text().replace(str(os.getpid()), str(ended.pid)))
    assert with_embedded(Settings(home=tmp_path)).label_studio_url == ""


def test_a_second_one_on_the_same_home_is_refused(tmp_path: Path) -> None:
    with sole_label_studio(tmp_path):
        write_label_studio(tmp_path, URL, "t" * 40)
        with pytest.raises(AlreadyRunning, match="already runs"), sole_label_studio(tmp_path):
            pass


def test_an_environment_that_was_not_finished_is_not_used(tmp_path: Path) -> None:
    server = tmp_path / ".venv-label-studio" / "bin" / "label-studio"
    server.parent.mkdir(parents=True)
    server.touch()
    assert find_server(tmp_path) is None
    (tmp_path / ".venv-label-studio" / ".codelynn-stamp.json").touch()
    assert find_server(tmp_path) == server


def test_without_the_install_script_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="CODELYNN_LABEL_STUDIO_URL"):
        install(tmp_path)


def test_an_install_that_fails_ends_in_one_line(tmp_path: Path) -> None:
    script = tmp_path / "deploy" / "bootstrap.py"
    script.parent.mkdir()
    script.write_text("raise SystemExit(1)")
    with pytest.raises(NotInstalled, match="could not be installed"):
        install(tmp_path)


def test_the_desk_is_made_without_importing_the_sdk() -> None:
    look = "import sys, feedback_app.desks.label_studio; print('label_studio_sdk' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
        == "False\n"
    )
