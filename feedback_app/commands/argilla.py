"""`codelynn argilla …`: open, status, sync, users."""

import time
import webbrowser
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from feedback_app.commands.common import CommandFailed, out, reported_errors, settings_in_force

if TYPE_CHECKING:
    from feedback_app.commands.client import Service
    from feedback_app.desks.argilla_users import ArgillaUsers

NAME = "argilla"
app = typer.Typer(no_args_is_help=True)
users_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Manage the people who rank in Argilla, each with a login.",
)
app.add_typer(users_app, name="users")


@app.command(name="open")
def open_() -> None:
    """Open Argilla in the browser and print its address and where the password is."""
    with reported_errors():
        address = _address()
        out.print(address)
        out.print(f"user and password: {settings_in_force().root / 'secrets' / 'argilla.json'}")
        webbrowser.open(address)


@app.command()
def status() -> None:
    """Show where Argilla is, whether it answers, and how many comparisons wait for it."""
    with reported_errors():
        from feedback_app.commands.client import connected

        settings = settings_in_force()
        where = settings.argilla_url or "not running: `codelynn up` starts it"
        out.print(
            f"Argilla: {where if settings.argilla_enabled else 'switched off by CODELYNN_ARGILLA_ENABLED'}"
        )
        out.print(
            f"workspace {settings.argilla_workspace}; password in {settings.root / 'secrets' / 'argilla.json'}"
        )
        with connected() as service:
            desks = [desk for desk in service.get("/desks") if desk["name"] == NAME]
        for desk in desks:
            show_desk(desk)


@app.command()
def sync(
    wait: bool = typer.Option(True, help="Wait until Argilla has everything."),
) -> None:
    """Send every comparison to Argilla again: for a new Argilla, or after the cause of refusals was fixed. Repeating it changes nothing."""
    with reported_errors():
        from feedback_app.commands.client import connected

        settings = settings_in_force()
        if not settings.argilla_enabled:
            raise CommandFailed("Argilla is switched off: set CODELYNN_ARGILLA_ENABLED=true")
        with connected() as service:
            out.print(f"{service.post(f'/desks/{NAME}/resend')['comparisons']} comparisons will be delivered")
            if wait and settings.argilla_url:
                follow(service, NAME)


@users_app.command(name="list")
def users_list() -> None:
    """List the people who may rank in Argilla."""
    with reported_errors():
        table = Table("user", "role", box=None)
        for user in _users().all():
            table.add_row(user.name, user.role)
        out.print(table)


@users_app.command(name="add")
def users_add(name: str, role: str = typer.Option("annotator", help="annotator, admin or owner")) -> None:
    """Add a login. Its password is shown only once."""
    with reported_errors():
        made = _users().add(name, role)
        out.print(f"{_address()}  user {made.name}  password {made.password}  (shown this once)")


@users_app.command(name="remove")
def users_remove(name: str) -> None:
    """Remove a login. The rankings that codeLynn has from it are kept."""
    with reported_errors():
        _users().remove(name)
        out.print(f"{name} is no user of Argilla any more")


def show_desk(desk: dict[str, Any]) -> None:
    """Print the status of a desk."""
    reason = f": {desk['reason']}" if desk["reason"] else ""
    out.print(f"{desk['mood']}{reason}", markup=False)
    out.print(f"{desk['left']} comparisons waiting, {desk['refused']} refused")
    for problem in desk["problems"]:
        out.print(f"  could not be used: {problem}", markup=False)


def follow(service: "Service", name: str) -> None:
    """Show the progress until the desk has everything. Raises CommandFailed if the desk is away or refuses us."""
    with out.status("sending") as line:
        while (desk := next(one for one in service.get("/desks") if one["name"] == name))["left"]:
            if desk["mood"] in ("away", "refused"):
                raise CommandFailed(
                    f"{name} is {desk['mood']}: {desk['reason']}; what waits is sent when it is back"
                )
            line.update(f"{desk['left']} left")
            time.sleep(0.5)
    out.print(f"{name} has everything; {desk['refused']} refused")


def _address() -> str:
    if address := settings_in_force().argilla_url:
        return address
    raise CommandFailed("Argilla is not running: `codelynn up` starts it")


def _users() -> "ArgillaUsers":
    from feedback_app.desks.argilla_users import ArgillaUsers

    settings = settings_in_force()
    return ArgillaUsers(_address(), settings.argilla_api_key, settings.argilla_workspace)
