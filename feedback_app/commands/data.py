"""`codelynn import` and `codelynn export`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from feedback_app.commands.running import err, opened, out, told
from feedback_app.services.data import DataService, ImportRefused
from feedback_app.services.progress import EVERY, words
from feedback_app.services.progress import Progress as Step

CHUNK = 256 * 1024

Written = Annotated[
    str, typer.Option("--format", "-f", help="trl, hh, openai, sharegpt, kto, sft, rankings or parquet.")
]
Read = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        help="trl, hh, openai, sharegpt, kto, sft, rankings, parquet, oasst or pandalm.",
    ),
]


def export(
    format: Written = "trl",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; stdout if left out.")
    ] = None,
) -> None:
    """Export the preference dataset."""
    with told(), opened() as services:
        parts = services.data.export(format)
        if err.is_terminal and (output or not out.is_terminal):  # a bar would be in the way of lines
            parts = _shown(parts, services.data, format)
        if output is None:
            for part in parts:
                sys.stdout.buffer.write(part)
            return
        size = _saved(parts, output)
        out.print(f"{output}: {size} bytes, {format}")


def _saved(parts: Iterator[bytes], output: Path) -> int:
    """Write the whole file or none; its size in bytes."""
    part_file = output.with_name(output.name + ".part")
    try:
        with part_file.open("wb") as file:
            size = sum(file.write(part) for part in parts)
        part_file.replace(output)
    finally:
        part_file.unlink(missing_ok=True)
    return size


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="File to take in.")],
    format: Read = "trl",
) -> None:
    """Import a dataset: whole, or not at all."""
    with told(), opened() as services:
        try:
            with file.open("rb") as content, _bar() as bar:
                pieces = iter(partial(content.read, CHUNK), b"")
                report = services.data.import_(format, pieces, bar.step, file.stat().st_size)
        except ImportRefused as refused:
            for bad in refused.errors:
                err.print(str(bad), markup=False)
            raise
        out.print(f"added {report.added}, already there {report.skipped}")


class Bar:
    """A bar on a terminal's standard error; elsewhere nothing is written."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("Reading", total=None)

    def step(self, now: Step) -> None:
        """How far an import is."""
        total = now.total or None
        self._progress.update(self._task, description=words(now), completed=now.done, total=total)

    def records(self, done: int, total: int) -> None:
        """How far an export is."""
        told = f"{done:,} of {total:,} records"
        self._progress.update(self._task, description=told, completed=done, total=total)


@contextmanager
def _bar() -> Iterator[Bar]:
    columns = (BarColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield Bar(progress)


def _shown(parts: Iterator[bytes], data: DataService, format: str) -> Iterator[bytes]:
    """The parts, counted on a bar. The data is read twice then: first to know how much there is."""
    with _bar() as bar:
        total = None if format == "parquet" else data.count(format).records  # parts of Parquet are no records
        for number, part in enumerate(parts, start=1):
            yield part
            if total is not None and number % EVERY == 0:
                bar.records(number, total)
