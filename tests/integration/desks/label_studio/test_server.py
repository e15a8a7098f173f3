"""The embedded Label Studio: who may reach it, and what a kill -9 of either side leaves."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import httpx
import psutil
import pytest

from feedback_app.desks.base import OWNER, DeskUnavailable
from feedback_app.desks.label_studio import LabelStudioDesk
from feedback_app.embedded.running_services import with_embedded
from feedback_app.processes.local_files import free_port
from feedback_app.settings import Settings
from tests.integration.desks.label_studio.records import SECRET, comparison, project_of, pulled, said_of
from tests.integration.desks.label_studio.server import LabelStudioServer, copy_home
from tests.waiting import until

pytestmark = pytest.mark.integration


def listening(process: psutil.Process) -> set[str]:
    """The addresses that a process and its children listen on."""
    family = [process, *process.children(recursive=True)]
    found = [each for member in family for each in member.net_connections("tcp")]
    return {each.laddr.ip for each in found if each.status == psutil.CONN_LISTEN}


def test_only_this_machine_reaches_it_by_its_own_names(server: LabelStudioServer) -> None:
    assert server.process is not None
    assert listening(psutil.Process(server.process.pid)) == {"127.0.0.1"}
    page = f"{server.url}/user/login/"
    assert httpx.get(page).status_code == 200
    assert httpx.get(page, headers={"Host": "elsewhere.example"}).status_code == 400
    foreign = httpx.get(f"{server.url}/api/version", headers={"Origin": "http://elsewhere.example"})
    assert "access-control-allow-origin" not in foreign.headers


def test_its_pages_load_nothing_from_elsewhere_and_report_to_nobody(server: LabelStudioServer) -> None:
    page = httpx.get(f"{server.url}/user/login/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-src" not in policy  # the default, which the login page's tracking frame does not meet
    assert "sentry.io/" not in page.text
    assert "https://www.googletagmanager.com" not in page.text


def test_nobody_signs_up_without_an_invitation(server: LabelStudioServer) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as browser:
        browser.get("/user/login/")
        form = {"email": "x@example.org", "password": "a long password"}
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        assert browser.post("/user/signup/", data=form).status_code == 403


def test_a_server_killed_while_records_come_in_has_them_all_once_after_a_second_push(
    server: LabelStudioServer, desk: LabelStudioDesk, owner: httpx.Client
) -> None:
    records = [comparison(7) for _ in range(800)]
    desk.push([comparison(7)])
    project = project_of(owner, 7)
    idle = LabelStudioDesk(server.url, server.owner.token)
    assert idle.health()
    failures: list[Exception] = []

    def push() -> None:
        try:
            desk.push(records)
        except DeskUnavailable as error:
            failures.append(error)

    pushing = threading.Thread(target=push)
    pushing.start()
    until(lambda: count(owner, project) > 1, every=0.02)
    server.kill()
    pushing.join()
    assert failures
    assert not idle.health()
    idle.close()
    assert SECRET not in str(failures)
    server.start()
    assert 1 < count(owner, project) < 801
    assert desk.push(records).refused == {}
    assert count(owner, project) == 801
    found = pulled(desk)
    assert all(said_of(found, record)[OWNER].order[0] == (7,) for record in records[::50])
    assert not any(secret in server.log for secret in (SECRET, server.owner.token, server.owner.password))


def count(owner: httpx.Client, project: int) -> int:
    found = owner.get("/api/tasks", params={"project": project, "page_size": 1})
    return int(found.raise_for_status().json()["total"])


@pytest.fixture
def home(server: LabelStudioServer, tmp_path: Path) -> Path:
    """A HOME with a database of its own."""
    copy_home(server.home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def up(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`codelynn label-studio up` on that HOME."""
    mine = {"CODELYNN_HOME": str(home), "CODELYNN_LABEL_STUDIO_PORT": str(free_port())}
    with (home / "up.out").open("wb") as out:
        process = started(os.environ | mine, out)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def started(environment: dict[str, str], out: IO[bytes]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "feedback_app.cli", "label-studio", "up"]
    return subprocess.Popen(
        command, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
    )


def test_up_prints_the_address_once_and_ctrl_c_ends_it_all(home: Path, up: subprocess.Popen[bytes]) -> None:
    told = home / "up.out"
    until(lambda: up.poll() is not None or "Ctrl-C stops it" in told.read_text(), seconds=300, every=0.3)
    assert up.poll() is None, told.read_text()
    settings = with_embedded(Settings(home=home))
    assert told.read_text().count(settings.label_studio_url) == 1
    secrets = home / "secrets" / "label-studio.json"
    for file in (secrets, home / "run" / "label-studio.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    desk = LabelStudioDesk(settings.label_studio_url, settings.label_studio_token)
    assert desk.health()
    desk.close()
    elsewhere = Settings(home=home, label_studio_url="http://elsewhere.example")
    assert with_embedded(elsewhere).label_studio_token == ""
    children = psutil.Process(up.pid).children(recursive=True)
    assert settings.label_studio_token not in str([child.cmdline() for child in children])
    assert {address for child in children for address in listening(child)} == {"127.0.0.1"}
    up.send_signal(signal.SIGINT)
    assert up.wait(timeout=60) == 0
    assert not any(child.is_running() for child in children)
    assert with_embedded(Settings(home=home)).label_studio_url == ""
