"""`codelynn snapshots …`: what rounds learned from."""

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.table import Table

from feedback_app.commands.running import opened, out, told
from feedback_app.domain.snapshot import HOWS, KINDS, Described
from feedback_app.services.snapshots import NOW, Compared

app = typer.Typer(help="Snapshots: what rounds learned from, and what is new since.")
Name = Annotated[str, typer.Argument(help="Hash of a snapshot, how it begins, `newest` or `now`.")]


@app.callback(invoke_without_command=True)
def _listed(context: typer.Context) -> None:
    """Lists them where nothing else is asked for."""
    if context.invoked_subcommand is None:
        listing()


@app.command("list")
def listing() -> None:
    """Every snapshot, newest first."""
    with told(), opened() as services:
        found = services.snapshots.all()
        if not found:
            out.print("no snapshot yet: a round writes one of all that was said so far")
            return
        table = Table("snapshot", "written", "holds", "rounds")
        for snapshot in found:
            table.add_row(*_row(snapshot))
        out.print(table)


@app.command()
def diff(one: Name = "newest", other: Name = NOW) -> None:
    """How two snapshots differ, in numbers: what OTHER has that ONE has not, and the other way round."""
    with told(), opened() as services:
        found = services.snapshots.compared(one, other)
        counts = found.difference.counts
        table = Table(f"{found.one[:8]} → {found.other[:8]}", *HOWS, "same")
        for kind in (kind for kind in KINDS if kind in found.kinds):
            numbers = [counts.get((kind, how), 0) for how in HOWS]
            table.add_row(kind, *(f"{n:,}" for n in (*numbers, found.difference.same.get(kind, 0))))
        out.print(table)
        for line in lines(found):
            out.print(line, markup=False)


def lines(found: Compared) -> list[str]:
    """Where the rankings that differ came from, and what was not compared."""
    told_of = [
        f"rankings {how}, by {what}: {_numbers(counted[how])}"
        for what, counted in (("source", found.sources), ("tag", found.tags))
        for how in HOWS
        if counted[how]
    ]
    return [*told_of, *found.notes]


def _numbers(counted: Mapping[str, int]) -> str:
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {number:,}" for name, number in ordered)


def _row(found: Described) -> tuple[str, str, str, str]:
    rounds = ", ".join(f"{round_.method} {round_.id[:8]}" for round_ in found.rounds)
    written = f"{found.created_at:%Y-%m-%d %H:%M}" if found.created_at else ""
    return found.hash[:8], written, found.problem or _holds(found.counts), rounds


def _holds(counts: Mapping[str, int]) -> str:
    pairs = f"{counts.get('pairs', 0):,} pairs ({counts.get('heldout', 0):,} held out)"
    return ", ".join([*(f"{counts[kind]:,} {kind}" for kind in KINDS if counts.get(kind)), pairs])
