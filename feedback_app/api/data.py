"""Export and import of the preference dataset."""

from collections.abc import Generator, Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from feedback_app.api.streams import begun, until_gone
from feedback_app.services.dataset.dataset import Dataset, ExportFailed, ImportReport

PIECE = 64 * 1024


class ExportSize(BaseModel):
    """`left_out`: records with content that the format cannot hold."""

    records: int
    left_out: int


class ExportProblem(BaseModel):
    """`problem` names the record that cannot be written; null if all can."""

    problem: str | None


def router(data: Dataset) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["data"])

    @routes.get("/export", response_class=StreamingResponse, summary="Export the data")
    def export(
        format: Annotated[str, Query(description="An export format of docs/formats.md.")] = "trl",
    ) -> StreamingResponse:
        """Streams the preference dataset. If the export fails midway, the connection is broken, so a complete response is a complete file."""
        name, media = data.file_name(format), data.media_type(format)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        chunks = begun(
            _chunks(data.export(format))
        )  # an error before the first byte is answered with its status
        return StreamingResponse(until_gone(chunks), media_type=media, headers=headers)

    _add_checks(routes, data)
    _add_import(routes, data)
    return routes


def _add_checks(routes: APIRouter, data: Dataset) -> None:
    """Routes about an export, to call before it."""

    @routes.get("/export/sizes", summary="Get the size of each export")
    def sizes() -> dict[str, ExportSize]:
        """The number of records by format."""
        return {name: ExportSize(**asdict(count)) for name, count in data.sizes().items()}

    @routes.get("/export/problem", summary="Find out why an export fails")
    def problem(
        format: Annotated[str, Query(description="An export format.")] = "trl",
    ) -> ExportProblem:
        """Reads the data as an export does and names the record that cannot be written."""
        try:
            for _ in data.export(format):
                continue
        except ExportFailed as error:
            return ExportProblem(problem=str(error))
        return ExportProblem(problem=None)


def _add_import(routes: APIRouter, data: Dataset) -> None:
    @routes.post("/import", summary="Import data")
    async def import_(
        request: Request,
        format: Annotated[
            str | None,
            Query(description="A format of docs/formats.md. Detected if left out or `auto`."),
        ] = None,
        ignore: Annotated[
            list[str] | None,
            Query(description="Ignore this field, which the format does not use. Repeatable."),
        ] = None,
        dry_run: Annotated[bool, Query(description="Only report what would be imported.")] = False,
    ) -> dict[str, Any]:
        """Import the file in the body, completely or not at all. The answer lists invalid lines by number, with the reason."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            data.check_size(len(body))
        take = partial(data.import_, ignore=ignore or (), trial=dry_run)
        report = await run_in_threadpool(take, format, bytes(body))
        return _report(report)


def _report(report: ImportReport) -> dict[str, Any]:
    return {
        "format": report.format,
        "added": report.added,
        "skipped": report.skipped,
        "kinds": report.kinds,
        "left_out": report.left_out,
        "ignored": report.ignored,
        "dry_run": report.trial,
    }


def _chunks(parts: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Join lines to chunks: one chunk per line would be slow, and large ones would hide the progress."""
    held = bytearray()
    for part in parts:
        held += part
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
