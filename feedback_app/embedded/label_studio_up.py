"""`codelynn label-studio up`: the real server in the foreground, until Ctrl-C."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from feedback_app.embedded import label_studio
from feedback_app.embedded.label_studio import LabelStudioLogin
from feedback_app.embedded.report import Report
from feedback_app.embedded.running_services import AlreadyRunning, label_studio_file, write_label_studio
from feedback_app.embedded.supervisor import TICK, Supervisor
from feedback_app.processes.local_files import PortTaken, free_port, taken
from feedback_app.processes.lock import Held, shared_with_children
from feedback_app.settings import PROJECT, Settings

PATIENCE = 15.0  # seconds that the children of a supervisor which was killed have to end


def run_label_studio(settings: Settings) -> int:
    """Install it if it is missing, start it, keep it running until SIGINT or SIGTERM. Returns the exit code.
    Raises AlreadyRunning, NotInstalled, PartFailed, PortTaken."""
    report = Report(Console())
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)  # a shell that starts us in the background has it ignored
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
    server = label_studio.find_server(PROJECT) or label_studio.install(PROJECT)
    owner = label_studio.login(settings.root / "secrets" / "label-studio.json")
    (settings.root / "label-studio").mkdir(mode=0o700, exist_ok=True)  # its database holds tokens and texts
    part = label_studio.part(server, settings.root, port, owner)
    url = f"http://127.0.0.1:{port}"
    try:
        supervisor.start(part)
        with report.waiting("starting Label Studio (the first start takes most of a minute)"):
            seconds = supervisor.wait_ready(part)
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
    """The password is shown once, when it was made."""
    password = f"{owner.password} (shown once; kept in {owner.file})" if owner.fresh else f"in {owner.file}"
    return f"{url}, user {owner.email}, password {password}"


@contextmanager
def sole_label_studio(root: Path) -> Iterator[int]:
    """Hold the Label Studio of this HOME; yields the lock's descriptor, for leashes to hold too. Raises AlreadyRunning."""
    path = root / "run" / "label-studio.lock"
    try:
        with shared_with_children(path, PATIENCE, label_studio_file(root).exists) as handle:
            yield handle
    except Held:
        raise AlreadyRunning(f"Label Studio already runs on {root}: stop that one first") from None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
