"""Runs a separate codeLynn for a benchmark: started with `codelynn up` and used over HTTP."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def codelynn(home: Path, **settings: str) -> Iterator[httpx.Client]:
    """Run `codelynn up` on `home` and a free port until it is ready, and stop it at the end.

    `settings` are given without their prefix, as in MAX_NEW_TOKENS="80". Raises RuntimeError if it does not start.
    """
    port = free_port()
    chosen = {"HOME": str(home), "PORT": str(port), "ARGILLA_ENABLED": "false", **settings}
    env = {**os.environ, **{f"CODELYNN_{name}": value for name, value in chosen.items()}}
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.log").open("ab") as log:
        command = [sys.executable, "-m", "feedback_app.cli", "up"]
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
                wait_ready(client, process)
                yield client
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def wait_ready(client: httpx.Client, process: "subprocess.Popen[bytes]", seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError("codelynn up did not become ready: see up.log in its home")
