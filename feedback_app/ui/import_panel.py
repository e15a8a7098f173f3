"""The part of the Data page that takes a file in: how far it is, and a way to end it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.services.data import (
    IMPORTS,
    DataService,
    ImportRefused,
    ImportReport,
    UnknownFormat,
    guess_format,
)
from feedback_app.services.importing import Import
from feedback_app.services.progress import Cancelled, Watch
from feedback_app.ui.confirm import PRIVATE
from feedback_app.ui.data_view import FORMAT_WORDS, imported, importing, refused
from feedback_app.ui.guard import Updates, guarded_stream
from feedback_app.ui.text import notice

AUTO = "auto"
CHUNK = 256 * 1024
BEGINNING = 4 * 1024 * 1024
LOOK_EVERY = 0.25


class ImportPanel:
    """The imports under way, each by Gradio's session of the page that began it. One that is left goes on to its end."""

    def __init__(self, data: DataService) -> None:
        self._data = data
        self._running: dict[str, Import] = {}
        with gr.Row(equal_height=True):
            self._lay_out()
        self.line = gr.HTML(elem_id="import-line")

    def _lay_out(self) -> None:
        self.file = gr.File(
            label="JSONL, JSON or Parquet file", type="filepath", height=150, elem_id="import-file"
        )
        with gr.Column(min_width=220):
            choices = [
                ("guess from the beginning", AUTO),
                *((f"{f}: {FORMAT_WORDS[f]}", f) for f in IMPORTS),
            ]
            self.format = gr.Dropdown(
                choices, value=AUTO, label="Format", filterable=False, elem_id="import-format"
            )
            self.button = gr.Button("Import", variant="primary", elem_id="import")
            self.stop = gr.Button("Cancel", interactive=False, elem_id="import-cancel")

    def take(self, path: str | None, chosen: str, request: gr.Request) -> Iterator[Updates]:
        """Take the uploaded file in, and tell how far it is."""
        if path is None:
            raise UnknownFormat("choose a file first")
        session, format = str(request.session_hash), _format(Path(path)) if chosen == AUTO else chosen
        begun = Import(partial(taken, self._data, Path(path), format))
        self._running[session] = begun
        try:
            begun.start()
            yield self._under_way(begun)
            while not begun.done.wait(LOOK_EVERY):
                yield self._under_way(begun)
        finally:
            if self._running.get(session) is begun:
                del self._running[session]
        try:
            told = _outcome(begun, format)
        except Exception:
            yield self.ready()
            raise
        yield {**self.ready(), self.line: told}

    def _under_way(self, begun: Import) -> Updates:
        """All of it each time: a busy page may pass over one of two updates that come together."""
        return {
            self.line: importing(begun.progress),
            self.button: gr.update(interactive=False),
            self.stop: gr.update(interactive=True),
        }

    def cancel(self, request: gr.Request) -> None:
        """End the import that this page began."""
        if begun := self._running.get(str(request.session_hash)):
            begun.cancel()

    def ready(self) -> Updates:
        """For the next file."""
        return {
            self.file: None,
            self.button: gr.update(interactive=True),
            self.stop: gr.update(interactive=False),
        }


def import_panel(services: Services) -> Any:
    """Draw it; gives the event after which there may be more data than before."""
    gr.HTML('<h2 class="section">Import</h2>')
    panel = ImportPanel(services.data)
    outputs = [panel.line, panel.file, panel.button, panel.stop]
    panel.stop.click(panel.cancel, None, None, **PRIVATE)
    take = guarded_stream(panel.line, panel.take)
    return panel.button.click(take, [panel.file, panel.format], outputs, **PRIVATE)


def taken(data: DataService, path: Path, format: str, watch: Watch) -> ImportReport:
    """Take the uploaded file in, and delete the upload."""
    try:
        size = path.stat().st_size
        data.check_size(size)
        return data.import_(format, _chunks(path), watch, size)
    finally:
        path.unlink(missing_ok=True)


def _outcome(done: Import, format: str) -> str:
    """The page's HTML that says how it went. Raises what is no refusal."""
    try:
        return imported(done.report(), format)
    except ImportRefused as error:
        return refused(error)
    except Cancelled:
        return notice("Cancelled: nothing was imported.")


def _format(path: Path) -> str:
    with path.open("rb") as file:
        guessed = guess_format(file.read(BEGINNING))
    if guessed is None:
        path.unlink(missing_ok=True)
        raise UnknownFormat("the file begins like none of the formats: choose the format by hand")
    return guessed


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
