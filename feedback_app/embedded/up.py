"""`codelynn up`: runs everything on this machine under one supervisor until Ctrl-C."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from rich.console import Console

from feedback_app.embedded import argilla
from feedback_app.embedded.plan import LocalResources, Plan, make_plan
from feedback_app.embedded.report import Report
from feedback_app.embedded.running_services import sole_owner, write_services
from feedback_app.embedded.supervisor import TICK, Supervisor, ready
from feedback_app.embedded.valkey import find_server, write_config
from feedback_app.processes.local_files import PortTaken, free_port, secret, taken, usable_home
from feedback_app.settings import PROJECT, Settings

PrepareModel = Callable[[Settings, Callable[[str, float], None]], object]
"""Prepares the base model. Called with the settings and a progress callback for (step, fraction)."""


def run_up(settings: Settings, prepare_model: PrepareModel, migrate: Callable[[Settings], None]) -> int:
    """Start everything and keep it running until SIGINT or SIGTERM. Returns the exit code.

    `prepare_model` and `migrate` run first. Raises AlreadyRunning, PartFailed, PortTaken, ValkeyMissing and what those two raise.
    """
    report = Report(Console())
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)  # a shell ignores it for background processes
    try:
        with sole_owner(settings.root) as lock:
            _run(settings, prepare_model, migrate, report, Supervisor(report.line, (lock,)))
    except KeyboardInterrupt:
        report.line("codeLynn has stopped.")
    return 0


def _run(
    settings: Settings,
    prepare_model: PrepareModel,
    migrate: Callable[[Settings], None],
    report: Report,
    supervisor: Supervisor,
) -> None:
    started = time.monotonic()
    usable_home(settings.root)
    local = find_resources(settings, PROJECT, report.line)
    with report.preparing() as progress:
        prepare_model(settings, progress)
    migrate(settings)
    plan = make_plan(settings, local)
    try:
        start_parts(plan, supervisor, report)
        write_services(settings.root, plan.addresses)
        report.line(
            f"codeLynn runs at {plan.addresses.service} ({time.monotonic() - started:.0f} s). Ctrl-C stops it."
        )
        _keep_running(plan, local, supervisor, report)
    finally:
        report.line("stopping")
        supervisor.stop()


def find_resources(settings: Settings, project: Path, print_line: Callable[[str], None]) -> LocalResources:
    """Find servers, free ports and secrets for the embedded parts. Raises PortTaken, ValkeyMissing."""
    if settings.port and taken(settings.host, settings.port):
        raise PortTaken(f"port {settings.port} is in use: stop what listens there, or set CODELYNN_PORT")
    port = settings.port or free_port()
    server, redis_port, password = None, 0, ""
    if not settings.redis_url:
        server, redis_port = find_server(), free_port()
        password = secret(settings.root / "secrets" / "valkey")
        write_config(settings.root / "run" / "valkey.conf", settings.root / "valkey", redis_port, password)
    python, argilla_port, login = None, 0, None
    if settings.argilla_enabled and not settings.argilla_url:
        python, argilla_port = argilla.find_python(project), _argilla_port(settings, print_line)
        login = argilla.login(settings.root / "secrets" / "argilla.json", settings.argilla_workspace)
        if python is None:
            print_line(
                "  Argilla is not installed: rankings wait in the outbox until `make setup` installs it"
            )
    return LocalResources(project, port, server, redis_port, password, python, argilla_port, login)


def _argilla_port(settings: Settings, print_line: Callable[[str], None]) -> int:
    if settings.argilla_port and not taken("127.0.0.1", settings.argilla_port):
        return settings.argilla_port
    port = free_port()
    if settings.argilla_port:
        print_line(
            f"  port {settings.argilla_port} is in use, Argilla takes {port} this time (CODELYNN_ARGILLA_PORT)"
        )
    return port


def start_parts(plan: Plan, supervisor: Supervisor, report: Report) -> None:
    """Start the needed parts and wait until they answer. Raises PartFailed."""
    for group in (plan.first, plan.main):
        for part in group:
            supervisor.start(part)
        for part in group:
            with report.waiting(f"starting the {part.name}"):
                seconds = supervisor.wait_ready(part)
            if part.answers_at:
                report.done(part.name, seconds)


def _keep_running(plan: Plan, local: LocalResources, supervisor: Supervisor, report: Report) -> None:
    """Start the later parts, report them once they answer, and watch all parts until interrupted."""
    for part in plan.later:
        supervisor.start(part)
    waiting, since = list(plan.later), time.monotonic()
    while True:
        supervisor.watch()
        for part in [part for part in waiting if ready(part)]:
            waiting.remove(part)
            report.done(part.name, time.monotonic() - since, _how_to_open(plan, local))
        time.sleep(TICK)


def _how_to_open(plan: Plan, local: LocalResources) -> str:
    login = local.argilla_login
    assert login is not None
    password = f"{login.fresh_password} (shown this once; kept in" if login.fresh_password else "(in"
    return f"{plan.addresses.argilla_url}, user {login.username}, password {password} {login.file})"


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
