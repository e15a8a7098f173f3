"""The preference dataset, out and in."""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from feedback_app.services.data import DataService

PIECE = 64 * 1024


def router(data: DataService) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["data"])

    @routes.get("/export", response_class=StreamingResponse)
    def export(
        format: Annotated[
            str, Query(description="One of the formats of docs/formats.md that are written.")
        ] = "trl",
    ) -> StreamingResponse:
        """The preference dataset as a download, streamed. A failure on the way breaks the connection: a body that ends as HTTP
        says is whole."""
        name, media = data.file_name(format), data.media_type(format)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        chunks = _chunks(data.export(format))
        begun = next(chunks, b"")  # what fails before the first byte is an error like any other
        return StreamingResponse(_body(begun, chunks), media_type=media, headers=headers)

    @routes.post("/import")
    async def import_(
        request: Request,
        format: Annotated[
            str, Query(description="One of the formats of docs/formats.md, those that are only read too.")
        ] = "trl",
    ) -> dict[str, Any]:
        """Take in a dataset, sent as the body. Whole or not at all: bad lines are listed by number with the reason."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            data.check_size(len(body))
        report = await run_in_threadpool(data.import_, format, bytes(body))
        return {"format": format, "added": report.added, "skipped": report.skipped}

    return routes


def _body(begun: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield begun
    yield from chunks


def _chunks(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces large enough (one a line would be slow), and small enough to see how far it is."""
    held = bytearray()
    for part in parts:
        held += part
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
