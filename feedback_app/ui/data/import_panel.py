"""The part of the Data page that takes a file in: what it is, how far it is, and a way to end it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from feedback_app.services.bundle import Services
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
from feedback_app.ui.shared.confirm import PRIVATE
from feedback_app.ui.shared.guard import Updates, guarded, guarded_stream
from feedback_app.ui.shared.text import notice

CHUNK = 256 * 1024
LOOK_EVERY = 0.25


class ImportPanel:
    """The imports under way, each by Gradio's session of the page that began it. One that is left goes on to its end."""

    def __init__(self, data: Dataset) -> None:
        self._data = data
        self._running: dict[str, Import] = {}
        self._held: dict[str, Path] = {}
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

    def look(self, path: str | None, chosen: str, request: gr.Request) -> Updates:
        """Say what an uploaded file is, and which of its fields would not be used."""
        self._hold(str(request.session_hash), Path(path) if path else None)
        if path is None or not Path(path).exists():
            return self._unlooked()
        seen = self._data.look(chosen, _chunks(Path(path)))
        if str(request.session_hash) in self._running:  # the import says more
            return {}
        unread = list(seen.unread)
        return {
            self.about: looked(seen, chosen != AUTO),
            self.ignore: gr.update(choices=unread, value=[], visible=bool(unread)),
        }

    def _hold(self, session: str, path: Path | None) -> None:
        """Each page keeps one upload: it is deleted once it is imported, replaced, cleared or left."""
        before = self._held.pop(session, None)
        if before is not None and before != path:
            before.unlink(missing_ok=True)
        if path is not None:
            self._held[session] = path

    def leave(self, request: gr.Request) -> None:
        """The page is closed. An import under way has its file open and goes on."""
        self._hold(str(request.session_hash), None)

    def _unlooked(self) -> Updates:
        return {self.about: "", self.ignore: gr.update(choices=[], value=[], visible=False)}

    def take(
        self, path: str | None, chosen: str, ignore: list[str] | None, request: gr.Request
    ) -> Iterator[Updates]:
        """Take the uploaded file in, and tell how far it is. A file that is refused stays, for another try."""
        if path is None:
            raise UnknownFormat("choose a file first")
        session = str(request.session_hash)
        begun = Import(partial(taken, self._data, Path(path), chosen, ignore or []))
        self._running[session] = begun
        try:
            begun.start()
            yield self._under_way(begun)
            while not begun.done.wait(LOOK_EVERY):
                yield self._under_way(begun)
        finally:
            if self._running.get(session) is begun:
                del self._running[session]
        yield from self._ended(begun)

    def _ended(self, begun: Import) -> Iterator[Updates]:
        """How it went. Raises what is no refusal of a line."""
        try:
            told = imported(begun.report())
        except Cancelled:
            told = notice("Cancelled: nothing was imported.")
        except ImportRefused as error:
            yield {**self._buttons(), self.line: refused(error), self.ignore: gr.update(visible=True)}
            return
        except Exception:
            yield self._buttons()
            raise
        yield {**self._buttons(), **self._unlooked(), self.file: None, self.line: told}

    def _under_way(self, begun: Import) -> Updates:
        """All of it each time: a busy page may pass over one of two updates that come together."""
        return {
            self.line: importing(begun.progress),
            self.button: gr.update(interactive=False),
            self.stop: gr.update(interactive=True),
        }

    def _buttons(self) -> Updates:
        return {self.button: gr.update(interactive=True), self.stop: gr.update(interactive=False)}

    def cancel(self, request: gr.Request) -> None:
        """End the import that this page began."""
        if begun := self._running.get(str(request.session_hash)):
            begun.cancel()


def import_panel(services: Services, demo: gr.Blocks) -> Any:
    """Draw it; gives the event after which there may be more data than before."""
    gr.HTML('<h2 class="section">Import</h2>')
    panel = ImportPanel(services.dataset)
    look, shown = guarded(panel.line, panel.look), [panel.line, panel.about, panel.ignore]
    for event in (panel.file.upload, panel.file.clear, panel.format.input):
        event(look, [panel.file, panel.format], shown, **PRIVATE)
    panel.stop.click(panel.cancel, None, None, **PRIVATE)
    demo.unload(panel.leave)
    outputs = [panel.line, panel.file, panel.button, panel.stop, panel.about, panel.ignore]
    inputs = [panel.file, panel.format, panel.ignore]
    return panel.button.click(guarded_stream(panel.line, panel.take), inputs, outputs, **PRIVATE)


def taken(data: Dataset, path: Path, format: str, ignore: list[str], watch: Watch) -> ImportReport:
    """Take the uploaded file in, and delete the upload, unless it is refused: then it stays for another try."""
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
