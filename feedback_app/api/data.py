"""The preference dataset, out and in."""

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
    """`left_out` records have what the format cannot carry."""

    records: int
    left_out: int


class ExportProblem(BaseModel):
    """`problem` names the record that cannot be written; null where all can."""

    problem: str | None


def router(data: Dataset) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["data"])

    @routes.get("/export", response_class=StreamingResponse, summary="Export the data")
    def export(
        format: Annotated[
            str, Query(description="One of the formats of docs/formats.md that are written.")
        ] = "trl",
    ) -> StreamingResponse:
        """The preference dataset, streamed. A failure on the way breaks the connection: what ends as HTTP says is whole."""
        name, media = data.file_name(format), data.media_type(format)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        chunks = begun(
            _chunks(data.export(format))
        )  # what fails before the first byte is an error like any other
        return StreamingResponse(until_gone(chunks), media_type=media, headers=headers)

    _add_checks(routes, data)
    _add_import(routes, data)
    return routes


def _add_checks(routes: APIRouter, data: Dataset) -> None:
    """What an export holds, before it is asked for."""

    @routes.get("/export/sizes", summary="How much each export holds")
    def sizes() -> dict[str, ExportSize]:
        """By format."""
        return {name: ExportSize(**asdict(count)) for name, count in data.sizes().items()}

    @routes.get("/export/problem", summary="Why an export breaks off")
    def problem(
        format: Annotated[str, Query(description="One of the formats that are written.")] = "trl",
    ) -> ExportProblem:
        """Reads the data as an export does, and says which record cannot be written."""
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
            Query(
                description="One of the formats of docs/formats.md; left out or `auto`, the file's records tell it."
            ),
        ] = None,
        ignore: Annotated[
            list[str] | None,
            Query(description="A field to leave out that the format does not use; may be given again."),
        ] = None,
        dry_run: Annotated[bool, Query(description="Only say what would be imported.")] = False,
    ) -> dict[str, Any]:
        """Import the dataset that is sent as the body. It is imported whole or not at all: bad lines are listed by number with the reason."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            data.check_size(len(body))
        take = partial(data.import_, ignore=ignore or (), trial=dry_run)
        report = await run_in_threadpool(take, format, bytes(body))
        return _told(report)


def _told(report: ImportReport) -> dict[str, Any]:
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
    """Pieces large enough (one a line would be slow), and small enough to see how far it is."""
    held = bytearray()
    for part in parts:
        held += part
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
