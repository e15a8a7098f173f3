"""`codelynn round …`: queue, list, show, watch, cancel, resume, delete."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from feedback_app.commands.common import WrongUse, duration, moment, out, reported_errors, short
from feedback_app.commands.completion import methods, versions
from feedback_app.commands.completion import rounds as known_rounds
from feedback_app.domain import json_rules
from feedback_app.domain.decision import checks, title, update_strength
from feedback_app.domain.expectation import Expected, estimate_text
from feedback_app.domain.json_rules import NotJson, Unfit

if TYPE_CHECKING:
    from feedback_app.commands.client import Service

app = typer.Typer(no_args_is_help=True)
LAST = "last"
RoundId = Annotated[
    str,
    typer.Argument(
        help="Id of the round; the first characters are enough. The newest if left out.",
        autocompletion=known_rounds,
    ),
]


@app.command()
def queue(
    method: Annotated[
        str,
        typer.Option(
            help="How to train: dpo (pairs), kto (ratings and pairs), sft (demonstrations), rloo and ppo (a reward model), "
            "or reward for a reward model alone.",
            autocompletion=methods,
        ),
    ] = "dpo",
    parent: Annotated[str, typer.Option(help="Version to start from.", autocompletion=versions)] = "base",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, as name=value; repeatable.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait and show the progress.")] = False,
) -> None:
    """Queue a round that trains on all rankings, ratings and demonstrations so far."""
    with reported_errors():
        config = overrides(set_ or [])
        from feedback_app.commands.client import connected

        with connected() as service:
            queued = service.post("/rounds", {"method": method, "config": config, "parent": parent})
            announce(queued)
            if watch:
                watched(service, queued["id"])


@app.command("list")
def listing(limit: Annotated[int, typer.Option(min=1, max=500, help="How many, newest first.")] = 20) -> None:
    """List the newest rounds."""
    with reported_errors():
        from feedback_app.commands.client import connected

        with connected() as service:
            rounds = service.get("/rounds", limit=limit)
        if not rounds:
            out.print("no rounds yet: `codelynn round queue` starts one")
            return
        table = Table("id", "method", "state", "stage", "%", "checkpoint", "queued")
        for one in rounds:
            done = f"{one['percent']:.0f}"
            when = "damaged" if one["damaged"] else moment(one["created_at"])
            table.add_row(
                short(one["id"]),
                one["method"],
                one["state"],
                one["stage"],
                done,
                one["checkpoint"] or "",
                when,
            )
        out.print(table)


@app.command()
def show(round_id: RoundId = LAST) -> None:
    """Show a round: stage, progress and time left; after its end, the decision and its reasons."""
    with reported_errors():
        from feedback_app.commands.client import connected

        with connected() as service:
            shown(service.get(f"/rounds/{_id(service, round_id)}"))


@app.command()
def watch(round_id: RoundId = LAST) -> None:
    """Show the progress of a round until it ends. Ctrl-C stops watching; the round continues."""
    with reported_errors():
        from feedback_app.commands.client import connected

        with connected() as service:
            watched(service, _id(service, round_id))


@app.command()
def cancel(round_id: RoundId = LAST) -> None:
    """Stop a round. `resume` continues where it stopped."""
    with reported_errors():
        from feedback_app.commands.client import connected

        with connected() as service:
            now = service.post(f"/rounds/{_id(service, round_id)}/cancel")
        if now["state"] == "running":
            out.print(f"{short(now['id'])} stops within seconds")
        else:
            out.print(f"{short(now['id'])} is {now['state']}")


@app.command()
def resume(round_id: RoundId = LAST) -> None:
    """Continue a failed or cancelled round. Finished stages are kept."""
    with reported_errors():
        from feedback_app.commands.client import connected

        with connected() as service:
            out.print(service.post(f"/rounds/{_id(service, round_id)}/resume")["state"])


@app.command()
def delete(
    round_id: Annotated[
        str,
        typer.Argument(help="Id of the round; the first characters are enough.", autocompletion=known_rounds),
    ],
) -> None:
    """Delete a damaged round. The version that it made stays."""
    with reported_errors():
        from feedback_app.commands.client import connected, path_part

        with connected() as service:
            service.call("DELETE", f"/rounds/{path_part(round_id)}", {})
        out.print(f"deleted: {round_id}", markup=False)


def overrides(settings: list[str]) -> dict[str, object]:
    """Parse name=value pairs. A value is read as JSON if it is JSON, else as text. Raises WrongUse."""
    overrides: dict[str, object] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise WrongUse(f"--set takes name=value, not {setting!r}")
        try:
            overrides[name] = json_rules.parsed(value)
        except NotJson:
            overrides[name] = value
        except Unfit as error:
            raise WrongUse(f"--set {name}: the value {error}") from error
    return overrides


def announce(queued: dict[str, Any]) -> None:
    """Report that a round is queued, its place in the queue and its expected duration."""
    out.print(f"queued {short(queued['id'])} ({queued['method']}): {place(queued['ahead'])}", markup=False)
    out.print(expectation(queued), markup=False)


def place(ahead: list[dict[str, Any]]) -> str:
    """The place in the queue of a round behind these."""
    if not ahead:
        return "it is next"
    running = next((one for one in ahead if one["state"] == "running"), None)
    position = f"number {len(ahead) + 1} in the queue"
    return (
        f"{position}; round {short(running['id'])} ({running['method']}) is running" if running else position
    )


def expectation(one: dict[str, Any]) -> str:
    """The expected duration of a round (`RoundDetail`)."""
    seconds, used = one["expected_seconds"], one.get("usage") or {"text": ""}
    time = estimate_text(None if seconds is None else Expected(seconds, one["expected_first"]))
    return f"{time} {used['text']}".strip()


def _id(service: "Service", round_id: str) -> str:
    if round_id != LAST:
        from feedback_app.commands.client import path_part

        return path_part(round_id)
    newest = service.get("/rounds", limit=1)
    if not newest:
        raise WrongUse("no rounds yet: `codelynn round queue` starts one")
    return str(newest[0]["id"])


def watched(service: "Service", round_id: str) -> None:
    """Show a progress bar until the round ends. Raises typer.Exit(1) if it failed."""
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.fields[stage]:10}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}% {task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=out) as progress:
        task = progress.add_task("", total=100, stage="queued", note="")
        for event in service.events("GET", f"/rounds/{round_id}/events"):
            now = event.data
            if event.name == "progress":
                progress.update(task, completed=now["percent"], stage=now["stage"], note=_note(now))
            else:
                progress.update(task, stage=now["stage"] or now["state"])
    final = service.get(f"/rounds/{round_id}")
    shown(final)
    if final["state"] == "failed":
        raise typer.Exit(1)


def _note(event: dict[str, Any]) -> str:
    left = "" if event["seconds_left"] is None else f"{duration(event['seconds_left'])} left"
    loss = f"loss {event['metrics']['loss']:.3f}" if "loss" in event["metrics"] else ""
    step = f"{event['step']}/{event['total']}" if event["total"] else ""
    return "  ".join(filter(None, (step, loss, left)))


def shown(one: dict[str, Any]) -> None:
    """Print a round."""
    for line in lines(one):
        out.print(line, markup=False)


def lines(one: dict[str, Any]) -> list[str]:
    """The lines about a round (`RoundDetail`), the most important first."""
    state = one["state"]
    about = [f"{short(one['id'])}  {one['method']}  {state}"]
    if state == "queued":
        about += [place(one["ahead"]), expectation(one)]
    if state == "running":
        about.append(_progress(one))
    if one["checkpoint"]:
        about.append(f"version {one['checkpoint']}")
    if one["decision"]:
        about.append(title(one["decision"], one["method"]))
    about += [f"  {check.line}" for check in checks(one["decision"])]
    about += [f"  {strength}"] if (strength := update_strength(one["decision"])) else []
    return about + ([one["error"]] if one["error"] else [])


def _progress(one: dict[str, Any]) -> str:
    steps = f", step {one['step']} of {one['total']}" if one["total"] else ""
    left = one["seconds_left"]
    soon = "time left not known yet" if left is None else f"about {duration(left)} left"
    stopping = "; it is being stopped" if one["cancel_requested"] else ""
    return f"{one['stage'] or 'starting'}{steps}: {one['percent']:.0f} %, {soon}{stopping}"
