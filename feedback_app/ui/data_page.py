"""Data: the preference dataset, out and back in."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.services.data import (
    FORMATS,
    IMPORTS,
    ExportCount,
    ImportRefused,
    UnknownFormat,
    guess_format,
)
from feedback_app.ui.confirm import PRIVATE
from feedback_app.ui.data_view import (
    FORMAT_WORDS,
    counts_html,
    downloads,
    imported,
    parts_line,
    refused,
)
from feedback_app.ui.desks_panel import desks_panel
from feedback_app.ui.guard import Updates, guarded
from feedback_app.ui.text import heading

AUTO = "auto"
CHUNK = 1024 * 1024
BEGINNING = 4 * CHUNK


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    gr.HTML(heading("Data", "Everything you ranked is yours: take it out, bring more in."))
    counts = gr.HTML(elem_id="counts")
    gr.HTML('<h2 class="section">Export</h2>')
    links = gr.HTML(elem_id="exports")
    gr.HTML('<h2 class="section">Import</h2>')
    with gr.Row(equal_height=True):
        file = gr.File(
            label="JSONL, JSON or Parquet file", type="filepath", height=150, elem_id="import-file"
        )
        with gr.Column(min_width=220):
            choices = [
                ("guess from the beginning", AUTO),
                *((f"{f}: {FORMAT_WORDS[f]}", f) for f in IMPORTS),
            ]
            format = gr.Dropdown(
                choices, value=AUTO, label="Format", filterable=False, elem_id="import-format"
            )
            button = gr.Button("Import", variant="primary", elem_id="import")
    line = gr.HTML(elem_id="import-line")
    desks_panel(services, demo)
    gr.HTML('<h2 class="section">Parts</h2>')
    parts = gr.HTML(elem_id="parts")
    outputs = [counts, links, line, file]

    def look() -> Updates:
        return {counts: counts_html(services.arena.counts()), links: downloads(_sizes(services))}

    def take(path: str | None, chosen: str) -> Updates:
        if path is None:
            raise UnknownFormat("choose a file first")
        told = _import(services, Path(path), chosen)
        return {**look(), line: told, file: None}

    demo.load(look, None, outputs, **PRIVATE)
    demo.load(lambda: parts_line(services.status.parts()), None, parts, **PRIVATE)
    button.click(guarded(line, take), [file, format], outputs, **PRIVATE)


def _sizes(services: Services) -> dict[str, ExportCount]:
    """All formats of pairs hold the same ones: they are counted once."""
    data = services.data
    pairs = data.count("trl")
    return {name: data.count(name) if name in ("kto", "sft", "rankings") else pairs for name in FORMATS}


def _import(services: Services, path: Path, chosen: str) -> str:
    """Take the uploaded file in, and delete the upload. The page's HTML that says how it went."""
    try:
        services.data.check_size(path.stat().st_size)
        format = _format(path) if chosen == AUTO else chosen
        report = services.data.import_(format, _chunks(path))
    except ImportRefused as error:
        return refused(error)
    finally:
        path.unlink(missing_ok=True)
    return imported(report, format)


def _format(path: Path) -> str:
    with path.open("rb") as file:
        guessed = guess_format(file.read(BEGINNING))
    if guessed is None:
        raise UnknownFormat("the file begins like none of the formats: choose the format by hand")
    return guessed


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
