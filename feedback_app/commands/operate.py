"""`codelynn up | serve | migrate | status | doctor`."""

import shutil
import sys
from pathlib import Path

import typer
from rich.table import Table

from feedback_app import main as root
from feedback_app.commands.prepare import prepare_apart
from feedback_app.commands.running import err, opened, out, settings_in_force, told
from feedback_app.services.status import PartStatus
from feedback_app.settings import load_settings
from feedback_app.up import run_up

NEEDED_GIGABYTES = 2.0


def up() -> None:
    """Start everything on loopback and print the address; Ctrl-C stops it."""
    with told():
        settings = load_settings()
        raise typer.Exit(run_up(settings, prepare_apart, root.prepare_database))


def serve() -> None:
    """Start only the web service; Redis, workers and Argilla are started elsewhere."""
    with told():
        root.serve(load_settings())


def migrate() -> None:
    """Bring the database's tables up to date."""
    with told():
        root.prepare_database(load_settings())
        out.print("the database is up to date")


def status() -> None:
    """What is running, and whether it answers."""
    with told(), opened() as services:
        parts = services.status.parts()
        _table(parts)
        if not all(part.ok for part in parts if part.required):
            raise typer.Exit(1)


def doctor() -> None:
    """Check what this machine has for codeLynn, and say what to do about what it lacks."""
    with told():
        settings = settings_in_force()
        checks = [_python(), _disk(settings.root.parent if not settings.root.exists() else settings.root)]
        with opened() as services:
            checks += services.status.parts()
        _table(checks)
        if not all(part.ok for part in checks if part.required):
            err.print("codelynn: something needed is missing: see above")
            raise typer.Exit(1)


def _python() -> PartStatus:
    version = ".".join(map(str, sys.version_info[:3]))
    return PartStatus("python", sys.version_info >= (3, 11), True, version)


def _disk(folder: Path) -> PartStatus:
    free = shutil.disk_usage(folder).free / 1e9
    return PartStatus(
        "disk", free > NEEDED_GIGABYTES, True, f"{free:.1f} GB free, {NEEDED_GIGABYTES:g} GB needed"
    )


def _table(parts: list[PartStatus]) -> None:
    table = Table("part", "ok", "needed", "detail")
    for part in parts:
        table.add_row(part.name, "yes" if part.ok else "NO", "yes" if part.required else "", part.detail)
    out.print(table)
