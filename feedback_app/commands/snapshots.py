"""`codelynn snapshots …`: list, diff."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from feedback_app.commands.common import moment, out, reported_errors, short
from feedback_app.domain.snapshot import CHANGE_TYPES, RECORD_KINDS

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
            snapshots = service.get("/snapshots")
            methods = {one["id"]: one["method"] for one in service.get("/rounds", limit=500)}
        if not snapshots:
            out.print("no snapshot yet: each round writes one of everything there is by then")
            return
        table = Table("snapshot", "written", "holds", "rounds")
        for snapshot in snapshots:
            table.add_row(*_row(snapshot, methods))
        out.print(table)


@app.command()
def diff(one: Name = "newest", other: Name = "now") -> None:
    """Count the records that were added, removed and changed from ONE to OTHER."""
    with reported_errors():
        from feedback_app.commands.client import connected, path_part

        with connected() as service:
            difference = service.get(f"/snapshots/{path_part(one)}/diff", other=other)
        counts = difference["counts"]
        table = Table(f"{short(difference['one'])} → {short(difference['other'])}", *CHANGE_TYPES, "same")
        for kind in (kind for kind in RECORD_KINDS if kind in counts):
            table.add_row(kind, *(f"{counts[kind][how]:,}" for how in (*CHANGE_TYPES, "same")))
        out.print(table)
        for line in lines(difference):
            out.print(line, markup=False)


def lines(difference: Mapping[str, Any]) -> list[str]:
    """The sources of the rankings that differ, and what was not compared."""
    counts = [
        f"rankings {how}, by {what}: {_numbers(counted[how])}"
        for what, counted in (("source", difference["sources"]), ("tag", difference["tags"]))
        for how in CHANGE_TYPES
        if counted.get(how)
    ]
    return [*counts, *difference["notes"]]


def _numbers(counted: Mapping[str, int]) -> str:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {number:,}" for name, number in ordered)


def _row(snapshot: Mapping[str, Any], methods: Mapping[str, str]) -> tuple[str, str, str, str]:
    rounds = ", ".join(f"{methods.get(one, '')} {short(one)}".strip() for one in snapshot["rounds"])
    return (
        short(snapshot["hash"]),
        moment(snapshot["created_at"]),
        snapshot["problem"] or _holds(snapshot["counts"]),
        rounds,
    )


def _holds(counts: Mapping[str, int]) -> str:
    pairs = f"{counts.get('pairs', 0):,} pairs ({counts.get('heldout', 0):,} held out)"
    return ", ".join([*(f"{counts[kind]:,} {kind}" for kind in RECORD_KINDS if counts.get(kind)), pairs])
