"""The embedded Label Studio: its environment, its owner's login, and `codelynn label-studio up`, which runs it."""

import json
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from feedback_app.embedded.plan import Part
from feedback_app.embedded.report import Report
from feedback_app.embedded.running_services import AlreadyRunning, label_studio_file, write_label_studio
from feedback_app.embedded.supervisor import TICK, Supervisor
from feedback_app.errors import AppError
from feedback_app.processes.child_processes import Command
from feedback_app.processes.local_files import PortTaken, free_port, taken, write_private
from feedback_app.processes.lock import Held, shared_with_children
from feedback_app.settings import PROJECT, Settings

FIRST_START = 600.0  # seconds: creating its tables takes a minute, and longer on a busy machine
# No usage statistics, no crash reports, no version checks, and only requests to this machine's names. Pages may not load
# anything from other hosts: the login page would otherwise contact its maker's server. All relevant settings are listed, so
# that settings for another Label Studio in our environment have no effect.
QUIET = {
    "COLLECT_ANALYTICS": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "LATEST_VERSION_CHECK": "false",
    "ALLOWED_HOSTS": "127.0.0.1,localhost",
    "CORS_ALLOW_ALL_ORIGINS": "false",
    "LS_CSP_REPORT_ONLY": "false",
    "DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "ENABLE_LOCAL_FILES_STORAGE": "false",
    "LOCAL_FILES_SERVING_ENABLED": "false",
    "DEBUG": "false",
    "DJANGO_DB": "sqlite",
    "HOST": "",
    "LOG_LEVEL": "WARNING",
}


class NotInstalled(AppError, RuntimeError):
    """Label Studio is not installed and cannot be installed. The message says what to do."""


@dataclass(frozen=True, slots=True)
class LabelStudioLogin:
    """The owner of the embedded Label Studio. `file` holds the login; `fresh` is true if it was just created."""

    email: str
    password: str
    token: str
    file: Path
    fresh: bool


def login(file: Path) -> LabelStudioLogin:
    """The login in that file. It is created at first use and readable by its owner only."""
    fresh = not file.exists()
    if fresh:
        made = {
            "email": "owner@localhost",
            "password": secrets.token_urlsafe(12),
            "token": secrets.token_hex(20),
        }
        write_private(file, json.dumps(made, indent=1) + "\n")
    kept = json.loads(file.read_text(encoding="utf-8"))
    return LabelStudioLogin(kept["email"], kept["password"], kept["token"], file, fresh)


def find_server(project: Path) -> Path | None:
    """The server's command, if its environment is completely installed."""
    folder = project / ".venv-label-studio"
    server = folder / "bin" / "label-studio"
    return server if server.exists() and (folder / ".codelynn-stamp.json").exists() else None


def install(project: Path) -> Path:
    """Install the environment; the script prints its progress. Raises NotInstalled."""
    script = project / "deploy" / "bootstrap.py"
    if not script.exists():
        raise NotInstalled(
            "Label Studio is not installed here: set CODELYNN_LABEL_STUDIO_URL to a server of yours"
        )
    result = subprocess.run([sys.executable, str(script), "--only-label-studio"], check=False)
    server = find_server(project)
    if result.returncode != 0 or server is None:
        raise NotInstalled("Label Studio could not be installed: correct the problem above and try again")
    return server


def part(server: Path, root: Path, port: int, owner: LabelStudioLogin) -> Part:
    """The server on loopback with its data below `root`. The password is passed in the environment, not on the command line."""
    data = root / "label-studio"
    argv = (
        *(str(server), "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port)),
        *("--data-dir", str(data), "--enable-legacy-api-token"),
    )
    values = {
        **QUIET,
        "USERNAME": owner.email,
        "PASSWORD": owner.password,
        "USER_TOKEN": owner.token,
        "DATABASE_NAME": str(data / "label_studio.sqlite3"),
    }
    env = {f"LABEL_STUDIO_{name}": value for name, value in values.items()}  # this prefix takes precedence
    env |= {"DO_NOT_TRACK": "1", "PYTHONUNBUFFERED": "1"}
    command = Command(argv, root / "logs" / "label-studio.log", env)
    return Part("Label Studio", command, f"http://127.0.0.1:{port}/health", patience=FIRST_START)


PATIENCE = 15.0  # seconds that the children of a killed supervisor have to end


def run_label_studio(settings: Settings) -> int:
    """Install it if it is missing, start it, keep it running until SIGINT or SIGTERM. Returns the exit code.
    Raises AlreadyRunning, NotInstalled, PartFailed, PortTaken."""
    report = Report(Console())
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)  # a shell ignores it for background processes
    try:
        with sole_label_studio(settings.root) as lock:
            _run(settings, report, Supervisor(report.line, (lock,)))
    except KeyboardInterrupt:
        report.line("Label Studio has stopped.")
    return 0


def _run(settings: Settings, report: Report, supervisor: Supervisor) -> None:
    port = settings.label_studio_port or free_port()
    if taken("127.0.0.1", port):
        raise PortTaken(f"port {port} is in use: stop what listens there, or set CODELYNN_LABEL_STUDIO_PORT")
    server = find_server(PROJECT) or install(PROJECT)
    owner = login(settings.root / "secrets" / "label-studio.json")
    (settings.root / "label-studio").mkdir(mode=0o700, exist_ok=True)  # its database holds tokens and texts
    server_process = part(server, settings.root, port, owner)
    url = f"http://127.0.0.1:{port}"
    try:
        supervisor.start(server_process)
        with report.waiting("starting Label Studio (the first start takes most of a minute)"):
            seconds = supervisor.wait_ready(server_process)
        write_label_studio(settings.root, url, owner.token)
        report.done("Label Studio", seconds, _how_to_open(url, owner))
        report.line("Ctrl-C stops it.")
        while True:
            supervisor.watch()
            time.sleep(TICK)
    finally:
        label_studio_file(settings.root).unlink(missing_ok=True)
        supervisor.stop()


def _how_to_open(url: str, owner: LabelStudioLogin) -> str:
    """The address and login. The password is shown once, when it was created."""
    password = f"{owner.password} (shown once; kept in {owner.file})" if owner.fresh else f"in {owner.file}"
    return f"{url}, user {owner.email}, password {password}"


@contextmanager
def sole_label_studio(root: Path) -> Iterator[int]:
    """Hold the Label Studio lock of this HOME; yields its descriptor for the leashes to hold too. Raises AlreadyRunning."""
    path = root / "run" / "label-studio.lock"
    try:
        with shared_with_children(path, PATIENCE, label_studio_file(root).exists) as handle:
            yield handle
    except Held:
        raise AlreadyRunning(f"Label Studio already runs on {root}: stop that one first") from None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
