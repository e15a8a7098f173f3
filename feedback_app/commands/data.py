"""`codelynn import` and `codelynn export`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from feedback_app.commands.common import WrongUse, err, out, reported_errors
from feedback_app.commands.completion import written_formats
from feedback_app.errors import AppError

if TYPE_CHECKING:
    import httpx
    from rich.progress import Progress

    from feedback_app.commands.client import Service

CHUNK = 256 * 1024
MEDIA = {
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
    ".gz": "application/gzip",
    ".json": "application/json",
}
LINES = "application/x-ndjson"

Written = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        help="trl, hh, openai, sharegpt, kto, sft, rankings or parquet.",
        autocompletion=written_formats,
    ),
]
Read = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        help="Format of the file (see docs/formats.md). Detected if left out.",
    ),
]
Ignored = Annotated[
    list[str] | None,
    typer.Option("--ignore", help="Ignore this field, which the format does not use. Repeatable."),
]


def export(
    format: Written = "trl",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; stdout if left out.")
    ] = None,
) -> None:
    """Export the preference dataset."""
    with reported_errors():
        if output is not None and (output.is_dir() or not output.parent.is_dir()):
            raise WrongUse(f"{output} cannot be written: give a file in a folder that is there")
        from feedback_app.commands.client import Refused, connected

        with (
            connected() as service,
            _counting(service, format, output is not None) as seen,
            service.opened("GET", "/export", format=format) as answer,
        ):
            try:
                if output is None:
                    _copied(answer, sys.stdout.buffer, seen)
                    return
                size = _saved(answer, output, seen)
            except BrokenOff as error:
                reason = service.get("/export/problem", format=format)["problem"]
                raise Refused(reason or str(error)) from error
        out.print(f"{output}: {size} bytes, {format}")


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="File to import.")],
    format: Read = None,
    ignore: Ignored = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would be imported.")] = False,
) -> None:
    """Import a dataset, completely or not at all. Records that exist already are skipped."""
    with reported_errors():
        from feedback_app.commands.client import Refused, connected

        media = MEDIA.get(file.suffix.lower(), LINES)
        with connected() as service, file.open("rb") as content, _bar() as bar:
            try:
                pieces = bar.sent(content, file.stat().st_size)
                report = service.send(
                    "/import", pieces, media, format=format, ignore=ignore, dry_run=dry_run or None
                )
            except Refused as refused:
                for bad in refused.errors:
                    err.print(bad, markup=False, soft_wrap=True)
                raise
        _tell(report)


def _tell(report: dict[str, Any]) -> None:
    """Report what was imported, in which format, and what was left out."""
    gave = ", ".join(f"{number} {kind}" for kind, number in report["kinds"].items()) or "no records"
    out.print(f"format {report['format']}: {gave}")
    for reason, number in report["left_out"].items():
        out.print(f"left out {number}: {reason}", markup=False)
    for name, number in report["ignored"].items():
        out.print(f"ignored `{name}` in {number}", markup=False)
    would = "would add" if report["dry_run"] else "added"
    out.print(f"{would} {report['added']}, already there {report['skipped']}")


class BrokenOff(AppError, RuntimeError):
    """An export ended early; the message says after how many records."""


class Bar:
    """A progress bar on stderr, if that is a terminal."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def sent(self, content: BinaryIO, size: int) -> Iterator[bytes]:
        """The file in pieces. Shows how much was sent, then that the service is working."""
        done = 0
        for piece in iter(partial(content.read, CHUNK), b""):
            self._progress.update(self._task, description="sending", completed=done, total=size)
            yield piece
            done += len(piece)
        self._progress.update(self._task, description="sent; checking and storing", completed=0, total=None)

    def records(self, done: int, total: int | None) -> None:
        """Show the progress of an export."""
        progress = f"{done:,} of {total:,} records" if total else f"{done:,} records"
        self._progress.update(self._task, description=progress, completed=done, total=total)


@contextmanager
def _bar() -> Iterator[Bar]:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield Bar(progress)


@contextmanager
def _counting(service: "Service", format: str, to_file: bool) -> Iterator[Any]:
    """A function that takes the number of received records and shows it. There is a bar only if no records go to the terminal; the service
    is then asked for the total first."""
    if not err.is_terminal or not (to_file or not out.is_terminal):
        yield lambda done: None
        return
    size = service.get("/export/sizes").get(format, {})
    total = size.get("records") if format != "parquet" else None
    with _bar() as bar:
        yield lambda done: bar.records(done, total)


def _saved(answer: "httpx.Response", output: Path, seen: Any) -> int:
    """Write the file completely or not at all. Returns its size in bytes. Raises BrokenOff."""
    part_file = output.with_name(output.name + ".part")
    try:
        with part_file.open("wb") as file:
            size = _copied(answer, file, seen)
        part_file.replace(output)
    finally:
        part_file.unlink(missing_ok=True)
    return size


def _copied(answer: "httpx.Response", target: BinaryIO, seen: Any) -> int:
    """Copy the export. Returns its size in bytes. Raises BrokenOff."""
    import httpx

    size, records = 0, 0
    try:
        for piece in answer.iter_bytes():
            size, records = size + target.write(piece), records + piece.count(b"\n")
            seen(records)
    except httpx.TransportError as error:
        raise BrokenOff(
            f"the export broke off after {records:,} records: see logs/service.log in HOME"
        ) from error
    return size
