"""`codelynn status`: what is running, and whether it answers."""

from contextlib import closing
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from feedback_app.commands.running import out, settings_in_force, told

if TYPE_CHECKING:
    from feedback_app.commands.service import Service
    from feedback_app.services.status import PartStatus
    from feedback_app.settings import Settings


def status() -> None:
    """Show what is running and whether it answers: the service, its database and model, workers, Redis, Argilla."""
    with told():
        settings = settings_in_force()
        from feedback_app.commands.service import found

        service = found(settings)
        if service is None:
            parts = without_service(settings)
        else:
            with closing(service.http):
                parts = of_service(service)
        table(parts)
        if not all(part.ok for part in parts if part.required):
            raise typer.Exit(1)


def of_service(service: "Service") -> "list[PartStatus]":
    """What the service says of itself and of what it needs."""
    from feedback_app.services.status import PartStatus

    told = service.get("/status")
    address = f"answers at {str(service.http.base_url).rstrip('/')}"
    return [PartStatus("service", True, True, address), *(PartStatus(**part) for part in told["parts"])]


def without_service(settings: "Settings") -> "list[PartStatus]":
    """No service runs; what can be asked without it."""
    from feedback_app.commands.service import NOT_RUNNING
    from feedback_app.services.queue import RoundQueue
    from feedback_app.services.reach import desk_checks, redis_answers
    from feedback_app.services.status import PartStatus, checked
    from feedback_app.up.services import read_service

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
