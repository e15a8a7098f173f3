"""`codelynn argilla …`: status, sync."""

import typer

from feedback_app.commands.running import err, opened, out, settings_in_force, told

app = typer.Typer(no_args_is_help=True, help="Argilla: where it is, and sending rankings to it again.")


@app.command()
def status() -> None:
    """Where Argilla is, and what waits for it."""
    with told(), opened() as services:
        settings = settings_in_force()
        waiting = services.desks.waiting()
        where = settings.argilla_url or "not running: `codelynn up` starts it"
        out.print(
            f"Argilla: {where if settings.argilla_enabled else 'switched off by CODELYNN_ARGILLA_ENABLED'}"
        )
        out.print(
            f"workspace {settings.argilla_workspace}; password in {settings.root / 'secrets' / 'argilla.json'}"
        )
        out.print(f"{waiting['pending']} verdicts waiting, {waiting['refused']} refused")


@app.command()
def sync() -> None:
    """Send every ranking again: to a new Argilla, after an import, or once refusals were put right."""
    with told(), opened() as services:
        if not services.desks.names:
            err.print("codelynn: Argilla is switched off: set CODELYNN_ARGILLA_ENABLED=true")
            raise typer.Exit(1)
        out.print(f"{services.desks.resend()} rankings will be delivered")
