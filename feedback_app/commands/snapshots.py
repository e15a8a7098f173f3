"""`codelynn snapshots …`: list, diff."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from feedback_app.commands.common import moment, out, reported_errors, short
from feedback_app.domain.snapshot import HOWS, KINDS

app = typer.Typer()
Name = Annotated[
    str, typer.Argument(help="Hash of a snapshot (the first characters are enough), `newest` or `now`.")
]


@app.callback(invoke_without_command=True)
def _listed(context: typer.Context) -> None:
    """Snapshots of the data that rounds were trained on, and what is new since."""
    if context.invoked_subcommand is None:
        listing()


@app.command("list")
def listing() -> None:
    """List every snapshot, newest first."""
    with reported_errors():
        from feedback_app.commands.client import connected

        with connected() as service:
            found = service.get("/snapshots")
            methods = {one["id"]: one["method"] for one in service.get("/rounds", limit=500)}
        if not found:
            out.print("no snapshot yet: each round writes one of everything there is by then")
            return
        table = Table("snapshot", "written", "holds", "rounds")
        for snapshot in found:
            table.add_row(*_row(snapshot, methods))
        out.print(table)


@app.command()
def diff(one: Name = "newest", other: Name = "now") -> None:
    """Count the records that were added, removed and changed from ONE to OTHER."""
    with reported_errors():
        from feedback_app.commands.client import connected, path_part

        with connected() as service:
            found = service.get(f"/snapshots/{path_part(one)}/diff", other=other)
        counts = found["counts"]
        table = Table(f"{short(found['one'])} → {short(found['other'])}", *HOWS, "same")
        for kind in (kind for kind in KINDS if kind in counts):
            table.add_row(kind, *(f"{counts[kind][how]:,}" for how in (*HOWS, "same")))
        out.print(table)
        for line in lines(found):
            out.print(line, markup=False)


def lines(found: Mapping[str, Any]) -> list[str]:
    """The sources of the rankings that differ, and what was not compared."""
    told_of = [
        f"rankings {how}, by {what}: {_numbers(counted[how])}"
        for what, counted in (("source", found["sources"]), ("tag", found["tags"]))
        for how in HOWS
        if counted.get(how)
    ]
    return [*told_of, *found["notes"]]


def _numbers(counted: Mapping[str, int]) -> str:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {number:,}" for name, number in ordered)


def _row(found: Mapping[str, Any], methods: Mapping[str, str]) -> tuple[str, str, str, str]:
    rounds = ", ".join(f"{methods.get(one, '')} {short(one)}".strip() for one in found["rounds"])
    return (
        short(found["hash"]),
        moment(found["created_at"]),
        found["problem"] or _holds(found["counts"]),
        rounds,
    )


def _holds(counts: Mapping[str, int]) -> str:
    pairs = f"{counts.get('pairs', 0):,} pairs ({counts.get('heldout', 0):,} held out)"
    return ", ".join([*(f"{counts[kind]:,} {kind}" for kind in KINDS if counts.get(kind)), pairs])
