"""`codelynn up`, as a user runs it, with the tiny model and without Argilla."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
import psutil
import pytest

from feedback_app.embedded.running_services import read_services
from feedback_app.processes.local_files import free_port
from tests.waiting import until

pytestmark = pytest.mark.integration
UP = [sys.executable, "-m", "feedback_app.cli", "up"]
START_SECONDS = 180


class Home:
    """A HOME and its port, with a way to start codeLynn on it."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.out = folder / "up.out"
        mine = {
            "HOME": folder,
            "PORT": self.port,
            "BASE_MODEL": model,
            "ENGINE": "transformers",
            "ARGILLA_ENABLED": "false",
        }
        self.env = os.environ | {f"CODELYNN_{name}": str(value) for name, value in mine.items()}

    def start(self, out: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            UP, env=self.env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """codeLynn on this HOME, ready; whatever is left of it at the end is killed."""
        with self.out.open("wb") as out, self.start(out) as process:
            try:
                until(lambda: process.poll() is not None or "codeLynn runs at" in self.told(), START_SECONDS)
                assert process.poll() is None, self.told()
                yield process
            finally:
                process.kill()

    def told(self) -> str:
        return self.out.read_text()

    def ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=10).status_code == 200
        except httpx.HTTPError:
            return False

    def processes(self) -> list[psutil.Process]:
        """Every process that was started for this HOME."""
        return [process for process in psutil.process_iter() if home_of(process) == str(self.folder)]


def home_of(process: psutil.Process) -> str:
    try:
        return process.environ().get("CODELYNN_HOME", "")
    except (psutil.Error, OSError):
        return ""


@pytest.fixture
def home(prepared_home: Path, tmp_path: Path) -> Home:
    shutil.copytree(prepared_home, tmp_path / "home")
    return Home(tmp_path / "home", prepared_home / "tiny")


def test_up_says_where_it_answers_refuses_a_second_and_leaves_nothing_after_ctrl_c(home: Home) -> None:
    with home.running() as process:
        assert f"codeLynn runs at http://127.0.0.1:{home.port}" in home.told()
        assert home.ready()
        found = read_services(home.folder)
        assert found is not None
        second = subprocess.run(UP, env=home.env, capture_output=True, text=True, timeout=120, check=False)
        assert second.returncode == 1
        (line,) = second.stderr.splitlines()
        assert "already runs" in line
        assert f"process {process.pid}" in line
        process.send_signal(signal.SIGINT)
        assert process.wait(90) == 0
        assert home.processes() == []
        assert read_services(home.folder) is None


def test_a_killed_supervisor_leaves_nothing_and_what_dies_is_started_again(home: Home) -> None:
    with home.running() as process:
        process.kill()
        process.wait()
        until(lambda: home.processes() == [], 90)
    with home.running() as process:
        (service,) = [each for each in home.processes() if each.cmdline()[1:] == ["-m", "feedback_app.main"]]
        service.kill()
        until(lambda: "service ended (signal 9); starting it again" in home.told(), 10)
        until(home.ready, START_SECONDS)
        process.terminate()
        assert process.wait(90) == 0
        assert home.processes() == []


def test_a_port_in_use_is_told_in_one_line(home: Home) -> None:
    with socket.create_server(("127.0.0.1", home.port)):
        refused = subprocess.run(UP, env=home.env, capture_output=True, text=True, timeout=120, check=False)
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert "CODELYNN_PORT" in line
