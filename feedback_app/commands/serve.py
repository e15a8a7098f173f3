"""`codelynn up | serve | migrate`."""

from typing import TYPE_CHECKING

import typer

from feedback_app.commands.common import WrongUse, configured, out, reported_errors

if TYPE_CHECKING:
    from feedback_app.settings import Settings


def up() -> None:
    """Start everything on this machine and print the address; Ctrl-C stops it."""
    with reported_errors():
        settings = _protected(configured())
        from feedback_app import main as root
        from feedback_app.commands.prepare_base import prepare_apart
        from feedback_app.embedded.up import run_up

        raise typer.Exit(run_up(settings, prepare_apart, root.prepare_database))


def serve() -> None:
    """Start only the web service, without Redis, workers and Argilla. Creates missing database tables."""
    with reported_errors():
        settings = _protected(configured())
        from feedback_app import main as root

        root.prepare_database(settings)
        root.serve(settings)


def migrate() -> None:
    """Bring the database's tables up to date."""
    with reported_errors():
        settings = configured()
        from feedback_app import main as root

        root.prepare_database(settings)
        out.print("the database is up to date")


def _protected(settings: "Settings") -> "Settings":
    """Check the address before anything is prepared. Raises WrongUse if the service would be open to others."""
    from feedback_app.api.security import Unprotected, access

    try:
        access(settings.host, settings.access_token, settings.allowed_hosts)
    except Unprotected as error:
        raise WrongUse(str(error)) from error
    return settings
