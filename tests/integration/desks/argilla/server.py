"""The real Argilla server as a child process, for tests."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.paths import PROJECT
from tests.waiting import until

API_KEY = "owner-api-key"
WORKSPACE = "codelynn"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_credentials(file: Path, **changes: str) -> Path:
    given = {"username": "lynn", "password": "a long password", "api_key": API_KEY, "workspace": WORKSPACE}
    file.write_text(json.dumps(given | changes))
    file.chmod(0o600)
    return file


@dataclass
class ArgillaServer:
    """Start, stop and kill a server over one home; the port stays the same."""

    python: Path
    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.home / "server.log").read_text()

    def launch(self) -> subprocess.Popen[bytes]:
        self.home.mkdir(exist_ok=True)
        credentials = write_credentials(self.home / "credentials.json")
        command = [str(self.python), "-m", "codelynn_argilla", "serve", "--home", str(self.home / "data")]
        command += ["--credentials", str(credentials), "--port", str(self.port)]
        environment = os.environ | {"PYTHONPATH": str(PROJECT / "deploy" / "argilla")}
        with (self.home / "server.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def start(self) -> None:
        self.process = self.launch()
        until(self.answers, seconds=120, every=0.2)

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            return httpx.get(f"{self.url}/api/v1/version", timeout=5).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGTERM) -> int:
        """The exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextmanager
def running(python: Path, home: Path) -> Iterator[ArgillaServer]:
    server = ArgillaServer(python, home)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.end()
