"""`codelynn import` and `codelynn export`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from feedback_app.commands.running import err, opened, out, told
from feedback_app.services.data import ImportRefused

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
        if output is None:
            for part in parts:
                sys.stdout.buffer.write(part)
            return
        part_file = output.with_name(output.name + ".part")
        with part_file.open("wb") as file:
            size = sum(file.write(part) for part in parts)
        part_file.replace(output)
        out.print(f"{output}: {size} bytes, {format}")


def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="File to take in.")],
    format: Read = "trl",
) -> None:
    """Import a dataset: whole, or not at all."""
    with told(), opened() as services:
        try:
            report = services.data.import_(format, file.read_bytes())
        except ImportRefused as refused:
            for bad in refused.errors:
                err.print(str(bad), markup=False)
            raise
        out.print(f"added {report.added}, already there {report.skipped}")
