"""`codelynn reward …`: train a reward model, say what it is worth, score replies with it."""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.table import Table

from feedback_app.commands.rounds import overrides, watched
from feedback_app.commands.running import err, opened, out, told
from feedback_app.domain.comparison import InvalidPrompt
from feedback_app.domain.preference import RankedReplies, ranked_replies
from feedback_app.formats import jsonl, rankings, replies
from feedback_app.formats.errors import BadRecord, Problems
from feedback_app.formats.jsonl import Limits, chunks
from feedback_app.formats.replies import Replies
from feedback_app.services.bundle import Services
from feedback_app.services.rewards import Scorer, score_all, span

app = typer.Typer(no_args_is_help=True, help="Reward models: train, evaluate, score.")
BATCH = 64
Source = Annotated[str, typer.Option("--file", "-f", help="JSONL file, `-` for stdin.")]
Name = Annotated[str, typer.Argument(help="Name of a reward model; the current one if left out.")]


@app.command()
def train(
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting, as name=value; repeatable.")
    ] = None,
    no_watch: Annotated[bool, typer.Option("--no-watch", help="Only queue it.")] = False,
) -> None:
    """Train a reward model on all rankings there are, as a round, and show its progress."""
    with told(), opened() as services:
        queued = services.rounds.queue("reward", overrides(set_ or []))
        out.print(f"queued {queued.id}")
        if not no_watch:
            watched(services.rounds, queued.id)


@app.command()
def evaluate(
    name: Name = "",
    file: Annotated[
        str | None, typer.Option("--file", "-f", help="Rankings (format `rankings`), `-` for stdin.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """What a reward model is worth on rankings it has not seen: the held-out ones, or those of a file."""
    with told(), opened() as services:
        model = services.rewards.get(name)
        verdicts = services.rewards.heldout() if file is None else _rankings(file)
        if not verdicts:
            raise RuntimeError("there are no held-out rankings yet: rank more prompts, or give --file")
        record = services.rewards.evaluate(verdicts, model.name)
        own = services.rewards.repeats()
        if own.trials:
            record["repeats"] = {"agreed": own.hits, "pairs": own.trials, "low": own.low, "high": own.high}
        if as_json:
            sys.stdout.write(json.dumps({"name": model.name, **record}) + "\n")
        else:
            _print(model.name, record)


@app.command()
def score(
    name: Name = "",
    file: Source = "-",
    prompt: Annotated[
        str | None, typer.Option(help="Score replies to this prompt instead of a file.")
    ] = None,
    reply: Annotated[list[str] | None, typer.Option(help="A reply to --prompt; repeatable.")] = None,
) -> None:
    """Rewards of replies, in log odds. Lines {"prompt" or "messages", "replies"} come back with "rewards"."""
    with told(), opened() as services:
        if (prompt is None) != (not reply):
            raise InvalidPrompt("--prompt needs at least one --reply, and --reply needs --prompt")
        if prompt is not None:
            _write(services.rewards.scorer(name), [_asked(prompt, reply or [])])
        else:
            _score_file(services, name, file)


def _asked(prompt: str, given: list[str]) -> Replies:
    try:
        return replies.load({"prompt": prompt, "replies": given})
    except BadRecord as error:
        raise InvalidPrompt(str(error)) from error


def _score_file(services: Services, name: str, file: str) -> None:
    """Each good line with its rewards on stdout, each bad one by number on stderr."""
    scorer, problems = services.rewards.scorer(name), Problems()
    with _opened(file) as source:
        good = jsonl.read(chunks(source), replies.load, Limits(), problems)
        while batch := list(islice(good, BATCH)):
            _write(scorer, batch)
    for problem in problems.errors:
        err.print(str(problem), markup=False)
    if problems.count:
        raise RuntimeError(f"{problems.count} lines could not be scored")


def _write(scorer: Scorer, batch: list[Replies]) -> None:
    rewards = score_all(scorer, [(asked.prompt, asked.replies) for asked in batch])
    for asked, values in zip(batch, rewards, strict=True):
        sys.stdout.buffer.write(jsonl.dumped({**asked.record, "rewards": values}))
    sys.stdout.flush()


def _rankings(file: str) -> list[RankedReplies]:
    """Every verdict of a file in our own format. Raises RuntimeError at a single bad line."""
    problems = Problems()
    with _opened(file) as source:
        found = list(jsonl.read(chunks(source), rankings.load, Limits(), problems))
    for problem in problems.errors:
        err.print(str(problem), markup=False)
    if problems.count:
        raise RuntimeError(f"{problems.count} lines cannot be read: correct them, then evaluate again")
    return [ranked for comparison in found for ranked in ranked_replies(comparison)]


def _opened(file: str) -> BinaryIO:
    return sys.stdin.buffer if file == "-" else Path(file).open("rb")


def _print(name: str, record: dict[str, Any]) -> None:
    table = Table("measure", "value", title=name)
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
    if found := record.get("repeats"):
        share = found["agreed"] / found["pairs"]
        yield (
            "you agree with yourself",
            f"on {share:.1%} of {found['pairs']} repeats ({found['low']:.1%} to {found['high']:.1%})",
        )
    for title, key in (("margin", "by_margin"), ("length ratio", "by_length")):
        for part in record[key]:
            yield f"{title} {span(part['low'], part['high'])}", _share(part)
