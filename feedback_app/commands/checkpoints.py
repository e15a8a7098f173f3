"""`codelynn checkpoint …`: list, promote, rollback."""

from typing import Annotated

import typer
from rich.table import Table

from feedback_app.commands.running import opened, out, told

app = typer.Typer(no_args_is_help=True, help="Checkpoints: list, promote, roll back.")


@app.command("list")
def listing() -> None:
    """Every checkpoint with its aliases, newest first."""
    with told(), opened() as services:
        aliases = services.models.aliases()
        table = Table("name", "aliases", "method", "parent", "gate", "made")
        for item in services.models.checkpoints():
            names = ", ".join(sorted(alias for alias, version in aliases.items() if version == item.name))
            verdict = "passed" if item.passed else "held"
            table.add_row(
                item.name, names, item.method, item.parent, verdict, f"{item.created_at:%Y-%m-%d %H:%M}"
            )
        out.print(table if table.row_count else "no checkpoints yet: `codelynn round queue` makes one")


@app.command()
def promote(name: Annotated[str, typer.Argument(help="Version to make the latest.")]) -> None:
    """Make a version the latest by hand, whatever its gate said."""
    with told(), opened() as services:
        before = services.models.resolve("latest")
        out.print(f"latest: {before} -> {services.models.promote(name, by='cli')}")


@app.command()
def rollback() -> None:
    """Bring the previous version back."""
    with told(), opened() as services:
        before, now = services.models.rollback(by="cli")
        out.print(f"latest: {before} -> {now}")
