"""`codelynn reward …`: list, train, evaluate, score."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from feedback_app.commands.common import CommandFailed, WrongUse, err, out, reported_errors
from feedback_app.commands.rounds import announce, overrides, watched
from feedback_app.domain.counts import span

app = typer.Typer(no_args_is_help=True)
CHUNK = 256 * 1024
LINES = "application/x-ndjson"
Source = Annotated[str, typer.Option("--file", "-f", help="JSONL file, `-` for stdin.")]
Name = Annotated[str, typer.Argument(help="Name of a reward model; the current one if left out.")]


@app.command("list")
def listing() -> None:
    """List the trained reward models, newest first."""
    with reported_errors():
        from rich.table import Table

        from feedback_app.commands.client import connected
        from feedback_app.commands.common import moment

        with connected() as service:
            models = service.get("/rewards")
        table = Table("name", "in use", "made", "accuracy on held-out pairs")
        for one in models:
            accuracy = one["evaluation"].get("accuracy")
            shown = "" if accuracy is None else f"{accuracy:.1%}"
            table.add_row(one["name"], "yes" if one["current"] else "", moment(one["created_at"]), shown)
        out.print(table if models else "no reward model yet: `codelynn reward train` makes one")


@app.command()
def train(
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, as name=value; repeatable.")
    ] = None,
    no_watch: Annotated[bool, typer.Option("--no-watch", help="Queue the round without waiting.")] = False,
) -> None:
    """Queue a round that trains a reward model on all rankings, and show its progress."""
    with reported_errors():
        config = overrides(set_ or [])
        from feedback_app.commands.client import connected

        with connected() as service:
            queued = service.post("/rounds", {"method": "reward", "config": config})
            announce(queued)
            if not no_watch:
                watched(service, queued["id"])


@app.command()
def evaluate(
    name: Name = "",
    file: Annotated[
        str | None, typer.Option("--file", "-f", help="Rankings (format `rankings`), `-` for stdin.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how often a reward model agrees with the held-out rankings, or with those in a file."""
    with reported_errors():
        from feedback_app.commands.client import Refused, connected

        with connected() as service:
            if file is None:
                record = service.post("/rewards/evaluate", name=name)
            else:
                try:
                    with _opened(file) as source:
                        record = service.send("/rewards/evaluate", _pieces(source), LINES, name=name)
                except Refused as refused:
                    for bad in refused.errors:
                        err.print(bad, markup=False, soft_wrap=True)
                    raise
        if as_json:
            sys.stdout.write(json.dumps(record) + "\n")
        else:
            _print(record)


@app.command()
def score(
    name: Name = "",
    file: Source = "-",
    prompt: Annotated[
        str | None, typer.Option(help="Score replies to this prompt instead of a file.")
    ] = None,
    reply: Annotated[list[str] | None, typer.Option(help="A reply to --prompt; repeatable.")] = None,
) -> None:
    """Score replies, in log odds. Reads lines {"prompt" or "messages", "replies"} and adds "rewards" to each."""
    with reported_errors():
        if (prompt is None) != (not reply):
            raise WrongUse("--prompt needs at least one --reply, and --reply needs --prompt")
        if prompt is not None:
            asked = json.dumps({"prompt": prompt, "replies": reply}, ensure_ascii=False)
            bad = _scored(name, iter([asked.encode()]))
        else:
            with _opened(file) as source:
                bad = _scored(name, _pieces(source))
        if bad:
            raise CommandFailed(f"{bad} lines could not be scored")


def _scored(name: str, body: Iterator[bytes]) -> int:
    """Print each valid line with its rewards on stdout, and each invalid one by number on stderr. Returns the number of invalid lines.
    Raises CommandFailed if scoring ended early."""
    from feedback_app.commands.client import connected

    bad = 0
    with connected() as service, service.scored(body, LINES, name) as lines:
        for line in lines:
            record = json.loads(line)
            if "rewards" in record:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            elif "line" not in record:
                raise CommandFailed(record["error"])
            else:
                bad += 1
                err.print(f"line {record['line']}: {record['error']}", markup=False, soft_wrap=True)
    return bad


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as source:
        yield source


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    return iter(partial(source.read, CHUNK), b"")


def _print(record: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("measure", "value", title=record["name"])
    for row in _rows(record):
        table.add_row(*row)
    out.print(table)


def _share(part: dict[str, Any]) -> str:
    return f"{part['accuracy']:.1%} of {part['pairs']}" if part["accuracy"] is not None else "no pairs"


def _rows(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "held-out pairs", str(record["heldout_pairs"])
    if record["accuracy"] is not None:
        interval = f"95 % interval {record['accuracy_low']:.1%} to {record['accuracy_high']:.1%}"
        yield "accuracy", f"{record['accuracy']:.1%}, {interval}"
    if record["ece"] is not None:
        yield "calibration error", f"{record['ece']:.3f}"
    if record["length_correlation"] is not None:
        yield "correlation with length", f"{record['length_correlation']:.2f}"
    if repeats := record.get("repeats"):
        share = repeats["agreed"] / repeats["pairs"]
        yield (
            "you agree with yourself",
            f"on {share:.1%} of {repeats['pairs']} repeats ({repeats['low']:.1%} to {repeats['high']:.1%})",
        )
    for title, key in (("margin", "by_margin"), ("length ratio", "by_length")):
        for part in record[key]:
            yield f"{title} {span(part['low'], part['high'])}", _share(part)
