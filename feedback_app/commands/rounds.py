"""`codelynn round …`: queue, list, show, watch, cancel, resume."""

from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from feedback_app.commands.running import opened, out, told
from feedback_app.domain import json_rules
from feedback_app.domain.json_rules import NotJson, Unfit
from feedback_app.domain.round import InvalidRound, Round, RoundEvent, RoundState
from feedback_app.services.bundle import Services
from feedback_app.services.rounds import Rounds

app = typer.Typer(no_args_is_help=True, help="Alignment rounds: queue, watch, cancel, resume.")
RoundId = Annotated[str, typer.Argument(help="Id of the round, or `last`.")]


@app.command()
def queue(
    method: Annotated[
        str,
        typer.Option(
            help="How to train: dpo (pairs), kto (ratings and pairs), sft (demonstrations), rloo and ppo (a reward model), "
            "or reward for a reward model alone."
        ),
    ] = "dpo",
    parent: Annotated[str, typer.Option(help="Version to start from.")] = "base",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, as name=value; repeatable.")
    ] = None,
    watch: Annotated[bool, typer.Option(help="Stay and show the progress.")] = False,
) -> None:
    """Queue a round on all that was said so far."""
    with told(), opened() as services:
        queued = services.rounds.queue(method, overrides(set_ or []), parent)
        out.print(f"queued {queued.id}")
        if watch:
            watched(services.rounds, queued.id)


@app.command("list")
def listing(limit: Annotated[int, typer.Option(help="How many, newest first.")] = 20) -> None:
    """The newest rounds."""
    with told(), opened() as services:
        rounds = services.rounds.list(limit)
        if not rounds:
            out.print("no rounds yet: `codelynn round queue` starts one")
            return
        table = Table("id", "method", "state", "stage", "%", "checkpoint", "queued")
        for item in rounds:
            table.add_row(
                item.id,
                item.method,
                item.state,
                item.stage,
                f"{item.percent:.0f}",
                item.checkpoint or "",
                f"{item.created_at:%Y-%m-%d %H:%M}",
            )
        out.print(table)


@app.command()
def show(round_id: RoundId) -> None:
    """One round: where it stands, what was decided and why."""
    with told(), opened() as services:
        _show(services.rounds.get(_id(services, round_id)))


@app.command()
def watch(round_id: RoundId = "last") -> None:
    """Follow a round until it ends."""
    with told(), opened() as services:
        watched(services.rounds, _id(services, round_id))


@app.command()
def cancel(round_id: RoundId) -> None:
    """Stop a round; `resume` goes on where it stopped."""
    with told(), opened() as services:
        out.print(
            f"{services.rounds.cancel(_id(services, round_id)).state}: a running round stops within seconds"
        )


@app.command()
def resume(round_id: RoundId) -> None:
    """Go on with a failed or cancelled round; what it finished is kept."""
    with told(), opened() as services:
        out.print(f"{services.rounds.resume(_id(services, round_id)).state}")


def overrides(settings: list[str]) -> dict[str, object]:
    """name=value pairs; the value is read as JSON where it is JSON, else as text."""
    overrides: dict[str, object] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise InvalidRound(f"--set takes name=value, not {setting!r}")
        try:
            overrides[name] = json_rules.parsed(value)
        except NotJson:
            overrides[name] = value
        except Unfit as error:
            raise InvalidRound(f"--set {name}: the value {error}") from error
    return overrides


def _id(services: Services, given: str) -> str:
    if given != "last":
        return given
    newest = services.rounds.list(1)
    if not newest:
        raise InvalidRound("no rounds yet: `codelynn round queue` starts one")
    return newest[0].id


def watched(rounds: Rounds, round_id: str) -> None:
    """Follow a round with a bar to its end. Raises typer.Exit(1) if it failed."""
    columns = (
        TextColumn("{task.fields[stage]:10}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}% {task.fields[note]}"),
    )
    with Progress(*columns, console=out) as progress:
        task = progress.add_task("", total=100, stage="queued", note="")
        for current, event in rounds.follow(round_id):
            if event is not None:
                progress.update(task, completed=event.percent, stage=event.stage, note=_note(event))
            else:
                progress.update(task, stage=current.stage or current.state.value)
    final = rounds.get(round_id)
    _show(final)
    if final.state == RoundState.failed:
        raise typer.Exit(1)


def _note(event: RoundEvent) -> str:
    left = "" if event.seconds_left is None else f"{event.seconds_left:.0f} s left"
    loss = f"loss {event.metrics['loss']:.3f}" if "loss" in event.metrics else ""
    return "  ".join(filter(None, (f"{event.step}/{event.total}" if event.total else "", loss, left)))


def _show(item: Round) -> None:
    out.print(f"{item.id}  {item.method}  [bold]{item.state}[/bold]  {item.stage} {item.percent:.0f}%")
    if item.checkpoint:
        out.print(f"checkpoint {item.checkpoint}")
    for reason in (item.decision or {}).get("reasons", []):
        out.print(f"  - {reason}", markup=False)
    if item.error:
        out.print(item.error, markup=False)
