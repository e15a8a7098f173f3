"""`codelynn checkpoint …`: list, promote, rollback, delete."""

from typing import Annotated

import typer
from rich.table import Table

from feedback_app.commands.common import moment, out, reported_errors
from feedback_app.commands.completion import versions

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def listing() -> None:
    """List every version with its aliases, newest first; the base model comes last."""
    with reported_errors():
        from feedback_app.commands.client import connected

        with connected() as service:
            known, aliases = service.get("/checkpoints"), service.get("/aliases")
            base = service.get("/base")
        table = Table("name", "aliases", "method", "parent", "quality checks", "made", "base model")
        for one in known:
            checks = "passed" if one["passed"] else "held"
            trained_on = (one["manifest"].get("base") or {}).get("name", "")
            made = "damaged" if one["damaged"] else moment(one["created_at"])
            table.add_row(
                one["name"],
                ", ".join(one["aliases"]),
                one["method"],
                one["parent"],
                checks,
                made,
                trained_on,
            )
        named = sorted(alias for alias, version in aliases.items() if version == "base")
        table.add_row("base", ", ".join(named), "", "", "", "", base["name"])
        out.print(table)
        if not known:
            out.print("no trained version yet: `codelynn round queue` makes one")


@app.command()
def promote(
    name: Annotated[
        str,
        typer.Argument(
            help="Version to use; the first characters of its name are enough.", autocompletion=versions
        ),
    ],
) -> None:
    """Use a version from now on, even if it failed its quality checks."""
    with reported_errors():
        from feedback_app.commands.client import connected, path_part

        with connected() as service:
            changed = service.post(f"/checkpoints/{path_part(name)}/promote")
        out.print(f"latest: {changed['previous']} -> {changed['latest']}")


@app.command()
def rollback() -> None:
    """Switch back to the previous version."""
    with reported_errors():
        from feedback_app.commands.client import connected

        with connected() as service:
            changed = service.post("/rollback")
        out.print(f"latest: {changed['previous']} -> {changed['latest']}")


@app.command()
def delete(
    name: Annotated[
        str,
        typer.Argument(
            help="Version to delete; the first characters of its name are enough.", autocompletion=versions
        ),
    ],
) -> None:
    """Delete a damaged version that is neither in use nor the parent of another one. Its folder stays."""
    with reported_errors():
        from feedback_app.commands.client import connected, path_part

        with connected() as service:
            service.call("DELETE", f"/checkpoints/{path_part(name)}", {})
        out.print(f"deleted: {name}", markup=False)
