"""A real service, started as its user starts it, and the commands that talk to it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from feedback_app.cli import app
from feedback_app.embedded.running_services import read_service
from feedback_app.main import prepare_files
from feedback_app.processes.local_files import free_port
from tests.tiny_model import known_personas
from tests.waiting import until

CODELYNN = [sys.executable, "-m", "feedback_app.cli"]
START_SECONDS = 180
Run = Callable[..., Result]


@dataclass(frozen=True, slots=True)
class Running:
    """A service that runs on a HOME of its own; `env` is what its commands need."""

    home: Path
    port: int
    env: dict[str, str]
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """In a process of its own, as a user runs it."""
        return subprocess.run(
            [*CODELYNN, *words], env=self.env, capture_output=True, text=True, timeout=120, check=False
        )


def environment(home: Path, model: Path, port: int) -> dict[str, str]:
    mine = {
        "HOME": home,
        "PORT": port,
        "BASE_MODEL": model,
        "ENGINE": "ctranslate2",
        "ENGINE_THREADS": 1,
        "PERSONAS": home / "personas",
        "MAX_NEW_TOKENS": 12,
        "MIN_PAIRS": 1,
        "LIVE_REWARD": "false",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "ARGILLA_ENABLED": "false",
    }
    return {f"CODELYNN_{name}": str(value) for name, value in mine.items()}


@pytest.fixture(scope="module")
def running(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`codelynn serve` on a fresh home, in which the base model is ready, as `up` starts it."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    prepare_files(
        str(tiny_model), home / "models", convert=True, own_engine=True, report=lambda text, share: None
    )
    known_personas(home / "personas")
    env = os.environ | environment(home, tiny_model, port)
    log = home / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen([*CODELYNN, "serve"], env=env, stdout=out, stderr=subprocess.STDOUT)
        try:
            until(lambda: process.poll() is not None or read_service(home), START_SECONDS)
            assert process.poll() is None, log.read_text()
            service = Running(home, port, env, process.pid)
            until(lambda: service.command("status").returncode == 0, START_SECONDS)
            yield service
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def codelynn(running: Running, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands in this process, on the service that runs."""
    for name, value in running.env.items():
        if name.startswith("CODELYNN_"):
            monkeypatch.setenv(name, value)
    return lambda *words, given="": CliRunner().invoke(app, list(words), input=given)
