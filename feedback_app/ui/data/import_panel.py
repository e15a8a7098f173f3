"""The import on the Data page: upload a file, see its format and the progress, cancel."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from feedback_app.services.dataset.dataset import (
    AUTO,
    IMPORTS,
    CannotIgnore,
    Dataset,
    ImportRefused,
    ImportReport,
    UnknownFormat,
)
from feedback_app.services.dataset.imports import Cancelled, Import, Watch
from feedback_app.ui.data.view import FORMAT_WORDS, imported, importing, looked, refused
from feedback_app.ui.shared.confirm import EVENT_OPTIONS
from feedback_app.ui.shared.guard import Updates, guarded, guarded_stream
from feedback_app.ui.shared.text import notice, section

CHUNK = 256 * 1024
REFRESH_SECONDS = 0.25


class ImportPanel:
    """The imports that are running, keyed by the Gradio session of the page. An import goes on when its page is closed."""

    def __init__(self, data: Dataset) -> None:
        self._data = data
        self._running: dict[str, Import] = {}
        self._uploads: dict[str, Path] = {}
        with gr.Row(equal_height=True):
            self._lay_out()
        self.about = gr.HTML(elem_id="import-about")
        self.ignore = gr.Dropdown(
            [],
            multiselect=True,
            allow_custom_value=True,
            visible=False,
            label="Leave out these fields",
            elem_id="import-ignore",
        )
        self.line = gr.HTML(elem_id="import-line")

    def _lay_out(self) -> None:
        self.file = gr.File(
            label="JSONL, JSON, Parquet, gzip or zip file", type="filepath", height=150, elem_id="import-file"
        )
        with gr.Column(min_width=220):
            choices = [
                ("Detect automatically", AUTO),
                *((f"{f}: {FORMAT_WORDS[f]}", f) for f in IMPORTS),
            ]
            self.format = gr.Dropdown(
                choices, value=AUTO, label="Format", filterable=False, elem_id="import-format"
            )
            self.button = gr.Button("Import", variant="primary", elem_id="import")
            self.stop = gr.Button("Cancel", interactive=False, elem_id="import-cancel")

    def inspect(self, path: str | None, chosen: str, request: gr.Request) -> Updates:
        """Show the format of an uploaded file, and the fields that would not be used."""
        self._keep(str(request.session_hash), Path(path) if path else None)
        if path is None or not Path(path).exists():
            return self._not_inspected()
        seen = self._data.look(chosen, _chunks(Path(path)))
        if str(request.session_hash) in self._running:  # the line shows its progress
            return {}
        unread = list(seen.unread)
        return {
            self.about: looked(seen, chosen != AUTO),
            self.ignore: gr.update(choices=unread, value=[], visible=bool(unread)),
        }

    def _keep(self, session: str, path: Path | None) -> None:
        """Keep one upload for each page. It is deleted when it is imported, replaced or cleared, and when the page is closed."""
        before = self._uploads.pop(session, None)
        if before is not None and before != path:
            before.unlink(missing_ok=True)
        if path is not None:
            self._uploads[session] = path

    def leave(self, request: gr.Request) -> None:
        """The page was closed. A running import has its file open and goes on."""
        self._keep(str(request.session_hash), None)

    def _not_inspected(self) -> Updates:
        return {self.about: "", self.ignore: gr.update(choices=[], value=[], visible=False)}

    def import_(
        self, path: str | None, chosen: str, ignore: list[str] | None, request: gr.Request
    ) -> Iterator[Updates]:
        """Import the uploaded file and report the progress. A refused file is kept, for another try."""
        if path is None:
            raise UnknownFormat("choose a file first")
        session = str(request.session_hash)
        running = Import(partial(import_upload, self._data, Path(path), chosen, ignore or []))
        self._running[session] = running
        try:
            running.start()
            yield self._progress(running)
            while not running.done.wait(REFRESH_SECONDS):
                yield self._progress(running)
        finally:
            if self._running.get(session) is running:
                del self._running[session]
        yield from self._ended(running)

    def _ended(self, running: Import) -> Iterator[Updates]:
        """The result. Raises what is not an ImportRefused."""
        try:
            message = imported(running.report())
        except Cancelled:
            message = notice("Cancelled: nothing was imported.")
        except ImportRefused as error:
            yield {**self._buttons(), self.line: refused(error), self.ignore: gr.update(visible=True)}
            return
        except Exception:
            yield self._buttons()
            raise
        yield {**self._buttons(), **self._not_inspected(), self.file: None, self.line: message}

    def _progress(self, running: Import) -> Updates:
        """Every update has all of it, because a busy page may skip one of two updates that arrive together."""
        return {
            self.line: importing(running.progress),
            self.button: gr.update(interactive=False),
            self.stop: gr.update(interactive=True),
        }

    def _buttons(self) -> Updates:
        return {self.button: gr.update(interactive=True), self.stop: gr.update(interactive=False)}

    def cancel(self, request: gr.Request) -> None:
        """Cancel the import that this page started."""
        if running := self._running.get(str(request.session_hash)):
            running.cancel()


def import_panel(dataset: Dataset, demo: gr.Blocks) -> Any:
    """Draw the section. Returns the event after which there may be more data."""
    gr.HTML(section("Import"))
    panel = ImportPanel(dataset)
    inspect, shown = guarded(panel.line, panel.inspect), [panel.line, panel.about, panel.ignore]
    for event in (panel.file.upload, panel.file.clear, panel.format.input):
        event(inspect, [panel.file, panel.format], shown, **EVENT_OPTIONS)
    panel.stop.click(panel.cancel, None, None, **EVENT_OPTIONS)
    demo.unload(panel.leave)
    outputs = [panel.line, panel.file, panel.button, panel.stop, panel.about, panel.ignore]
    inputs = [panel.file, panel.format, panel.ignore]
    return panel.button.click(guarded_stream(panel.line, panel.import_), inputs, outputs, **EVENT_OPTIONS)


def import_upload(data: Dataset, path: Path, format: str, ignore: list[str], watch: Watch) -> ImportReport:
    """Import the uploaded file and delete it. A refused file is kept, for another try."""
    try:
        size = path.stat().st_size
        data.check_size(size)
        report = data.import_(format, _chunks(path), watch, size, ignore=ignore)
    except (ImportRefused, UnknownFormat, CannotIgnore):
        raise
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    path.unlink(missing_ok=True)
    return report


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
