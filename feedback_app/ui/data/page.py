"""Data: export and import, snapshots, rankings, connected tools, system status."""

from collections.abc import Iterator

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.services.dataset.dataset import FORMATS
from feedback_app.ui.data import rankings_panel
from feedback_app.ui.data.desks_panel import desks_panel
from feedback_app.ui.data.import_panel import import_panel
from feedback_app.ui.data.snapshots_panel import snapshots_panel
from feedback_app.ui.data.view import counts_html, downloads, parts_line
from feedback_app.ui.shared.confirm import PRIVATE
from feedback_app.ui.shared.guard import Updates
from feedback_app.ui.shared.text import heading


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
    gr.HTML('<h2 class="section">System status</h2>')
    parts = gr.HTML(elem_id="parts")
    outputs = [counts, links]

    def look() -> Iterator[Updates]:
        """At once what is known; then, where the data has changed, how many records each export holds."""
        known = services.dataset.known_sizes()
        yield {counts: counts_html(services.arena.counts()), links: downloads(FORMATS, known)}
        if not known:
            yield {links: downloads(FORMATS, services.dataset.sizes())}

    demo.load(look, None, outputs, **PRIVATE)
    demo.load(lambda: parts_line(services.status.parts()), None, parts, **PRIVATE)
    taken.then(look, None, outputs, **PRIVATE)
