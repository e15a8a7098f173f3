"""The real Label Studio server as a child process, for tests: the command and environment of `codelynn label-studio up`."""

import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from feedback_app.embedded.label_studio import LabelStudioLogin, login, part
from feedback_app.processes.local_files import free_port
from tests.waiting import until

DATABASE = Path("label-studio") / "label_studio.sqlite3"


@dataclass
class LabelStudioServer:
    """Start, stop and kill a server over one home; the port stays the same."""

    program: Path
    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def owner(self) -> LabelStudioLogin:
        return login(self.home / "secrets" / "label-studio.json")

    @property
    def log(self) -> str:
        return (self.home / "server.log").read_text()

    def start(self) -> None:
        command = part(self.program, self.home, self.port, self.owner).command
        with (self.home / "server.log").open("ab") as log:
            environment = os.environ | dict(command.env)
            self.process = subprocess.Popen(command.argv, env=environment, stdout=log, stderr=log)
        until(self.answers, seconds=550, every=0.3)

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            return httpx.get(f"{self.url}/health", timeout=5).is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGTERM) -> int:
        """The exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


def copy_home(source: Path, target: Path) -> None:
    """The login and the database, also of a server that runs: making a new one is a minute of work."""
    target.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source / "secrets", target / "secrets")
    (target / DATABASE).parent.mkdir(mode=0o700)
    theirs, ours = sqlite3.connect(source / DATABASE), sqlite3.connect(target / DATABASE)
    with closing(theirs), closing(ours):
        theirs.backup(ours)


@contextmanager
def running(program: Path, home: Path) -> Iterator[LabelStudioServer]:
    """A server over a fresh home. An empty one is kept in the server's environment for the next test run."""
    kept = program.parents[1] / "empty-home-for-tests"
    if kept.exists():
        copy_home(kept, home)
    server = LabelStudioServer(program, home)
    try:
        server.start()
        if not kept.exists():
            making = Path(tempfile.mkdtemp(dir=kept.parent))
            copy_home(home, making)
            making.rename(kept)
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.end()
