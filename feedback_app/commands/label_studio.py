"""`codelynn label-studio …`: up, status, push, pull."""

import typer

from feedback_app.commands.common import configured, told

app = typer.Typer(no_args_is_help=True)


@app.command()
def up() -> None:
    """Run the real Label Studio on loopback, installed if it is missing; Ctrl-C stops it."""
    with told():
        settings = configured()
        from feedback_app.embedded.label_studio import run_label_studio

        raise typer.Exit(run_label_studio(settings))


@app.command()
def status() -> None:
    """Where Label Studio is, whether it answers, and what waits for it."""
    with told():
        from feedback_app.commands import label_studio_desk

        label_studio_desk.status()


@app.command()
def push() -> None:
    """Bring every comparison to Label Studio, after fetching what was said there. Twice changes nothing."""
    with told():
        from feedback_app.commands import label_studio_desk

        label_studio_desk.push()


@app.command()
def pull() -> None:
    """Fetch what was said in Label Studio since the last time."""
    with told():
        from feedback_app.commands import label_studio_desk

        label_studio_desk.pull()
