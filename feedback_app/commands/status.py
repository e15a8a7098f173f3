"""`codelynn status` shows what is running. `codelynn doctor` checks this machine, also when nothing runs."""

from contextlib import closing
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from feedback_app.commands.common import complain, out, reported_errors, settings_in_force

if TYPE_CHECKING:
    from feedback_app.commands.client import Service
    from feedback_app.services.system.status import PartStatus
    from feedback_app.settings import Settings


def status() -> None:
    """Show what is running and whether it answers: the service, its database and model, workers, Redis, Argilla."""
    with reported_errors():
        settings = settings_in_force()
        from feedback_app.commands.client import running_service

        service = running_service(settings)
        if service is None:
            parts = parts_without_service(settings)
        else:
            with closing(service.http):
                parts = service_parts(service)
        table(parts)
        if not all(part.ok for part in parts if part.required):
            raise typer.Exit(1)


def doctor() -> None:
    """Check this machine: Python, packages, disk, memory, ports, permissions, the base model, persona and database, and what
    runs; and say what to do about what is missing."""
    with reported_errors():
        settings = settings_in_force()
        from feedback_app.commands import doctor_checks as machine
        from feedback_app.commands.client import running_service

        service = running_service(settings)
        address = "" if service is None else str(service.http.base_url).rstrip("/")
        checks = machine.checks(settings, address)
        if service is None:
            checks += [part for part in parts_without_service(settings) if part.name != "service"]
        else:
            with closing(service.http):
                checks += service_parts(service)
        table(checks)
        if not all(part.ok for part in checks if part.required):
            complain("something needed is missing: see above")
            raise typer.Exit(1)


def service_parts(service: "Service") -> "list[PartStatus]":
    """The parts as the running service reports them."""
    from feedback_app.services.system.status import PartStatus

    status_now = service.get("/status")
    address = f"answers at {str(service.http.base_url).rstrip('/')}"
    return [PartStatus("service", True, True, address), *(PartStatus(**part) for part in status_now["parts"])]


def parts_without_service(settings: "Settings") -> "list[PartStatus]":
    """The parts that can be checked without a running service."""
    from feedback_app.commands.client import NOT_RUNNING
    from feedback_app.embedded.running_services import read_service
    from feedback_app.services.rounds.queue import RoundQueue
    from feedback_app.services.system.status import PartStatus, checked, desk_checks, redis_answers

    starting = read_service(settings.root)
    reason = (
        f"no answer at {starting}: it may be starting; see logs/service.log in HOME"
        if starting
        else NOT_RUNNING
    )
    if settings.service_url:
        reason = f"no codeLynn answers at {settings.service_url}: check CODELYNN_SERVICE_URL"
    redis = checked("redis", False, lambda: redis_answers(settings.redis_url))
    workers = (
        checked("workers", False, RoundQueue(settings.redis_url).workers)
        if redis.ok
        else PartStatus("workers", False, False, "cannot be asked without Redis")
    )
    desks = [checked(name, False, check) for name, check in desk_checks(settings).items()]
    return [PartStatus("service", False, True, reason), redis, workers, *desks]


def table(parts: "list[PartStatus]") -> None:
    shown = Table("part", "ok", "needed")
    shown.add_column("detail", overflow="fold")
    for part in parts:
        shown.add_row(
            part.name,
            "yes" if part.ok else "NO",
            "yes" if part.required else "",
            part.detail.replace("[", r"\["),
        )
    out.print(shown)
