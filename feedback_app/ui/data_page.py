"""Data: the preference dataset, out and back in."""

from collections.abc import Iterator

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.services.data import FORMATS
from feedback_app.ui import rankings_panel
from feedback_app.ui.confirm import PRIVATE
from feedback_app.ui.data_view import counts_html, downloads, parts_line
from feedback_app.ui.desks_panel import desks_panel
from feedback_app.ui.guard import Updates
from feedback_app.ui.import_panel import import_panel
from feedback_app.ui.snapshots_panel import snapshots_panel
from feedback_app.ui.text import heading


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    gr.HTML(heading("Data", "Export everything, import more."))
    counts = gr.HTML(elem_id="counts")
    gr.HTML('<h2 class="section">Export</h2>')
    links = gr.HTML(elem_id="exports")
    gr.HTML("<div></div>", elem_id="export-line")  # static/data/exports.js writes here
    taken = import_panel(services, demo)
    snapshots_panel(services, demo)
    rankings_panel.build(services, demo)
    desks_panel(services, demo)
    gr.HTML('<h2 class="section">Parts</h2>')
    parts = gr.HTML(elem_id="parts")
    outputs = [counts, links]

    def look() -> Iterator[Updates]:
        """At once what is known; then, where the data has changed, how many records each export holds."""
        known = services.data.known_sizes()
        yield {counts: counts_html(services.arena.counts()), links: downloads(FORMATS, known)}
        if not known:
            yield {links: downloads(FORMATS, services.data.sizes())}

    demo.load(look, None, outputs, **PRIVATE)
    demo.load(lambda: parts_line(services.status.parts()), None, parts, **PRIVATE)
    taken.then(look, None, outputs, **PRIVATE)
