"""Data: export and import, snapshots, rankings, annotation tools, the state of the service."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gradio as gr

from feedback_app.services.annotation.agreement import Agreements
from feedback_app.services.annotation.desks import Desks
from feedback_app.services.arena.arena import Arena
from feedback_app.services.dataset.dataset import FORMATS, Dataset
from feedback_app.services.rounds.snapshots import Snapshots
from feedback_app.services.system.status import Status
from feedback_app.ui.data.import_panel import import_panel
from feedback_app.ui.data.rankings_forms import rankings_panel
from feedback_app.ui.data.snapshots import snapshots_panel
from feedback_app.ui.data.view import agreement_html, counts_html, desks_html, downloads, parts_line
from feedback_app.ui.shared.confirm import EVENT_OPTIONS
from feedback_app.ui.shared.guard import Updates
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import heading, section

REFRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class DataServices:
    """What the page uses."""

    dataset: Dataset
    arena: Arena
    snapshots: Snapshots
    desks: Desks
    agreements: Agreements
    status: Status


def build(services: DataServices, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    gr.HTML(heading("Data", "Export everything, import more."))
    refresh, shown = _counts_and_exports(services)
    imported = import_panel(services.dataset, demo)
    snapshots_panel(services.snapshots, demo)
    gr.HTML(rankings_panel(), elem_id="rankings-panel")
    _annotation_tools(services.desks, services.agreements, demo)
    gr.HTML(section("System status"))
    parts = gr.HTML(elem_id="parts")
    demo.load(refresh, None, shown, **EVENT_OPTIONS)
    demo.load(lambda: parts_line(services.status.parts()), None, parts, **EVENT_OPTIONS)
    imported.then(refresh, None, shown, **EVENT_OPTIONS)


def _counts_and_exports(services: DataServices) -> tuple[Callable[[], Iterator[Updates]], list[gr.HTML]]:
    """Draw them. The function fills them in again."""
    counts = gr.HTML(elem_id="counts")
    gr.HTML(section("Export"))
    links = gr.HTML(elem_id="exports")
    gr.HTML(render("data/export_line.html"), elem_id="export-line")

    def refresh() -> Iterator[Updates]:
        """First what is known. Where the data has changed, the numbers of records follow."""
        known = services.dataset.known_sizes()
        yield {counts: counts_html(services.arena.counts()), links: downloads(FORMATS, known)}
        if not known:
            yield {links: downloads(FORMATS, services.dataset.sizes())}

    return refresh, [counts, links]


def _annotation_tools(desks: Desks, agreements: Agreements, demo: gr.Blocks) -> None:
    """The state of the annotation tools, which is refreshed, and the agreement between annotators, which reads every ranking and
    so is computed once per visit."""
    gr.HTML(section("Connected tools"))
    tools = gr.HTML(elem_id="desks")
    gr.HTML(section("Agreement between annotators"))
    agreement = gr.HTML(elem_id="agreement")

    def refresh() -> str:
        return desks_html(desks.status())

    demo.load(refresh, None, tools, **EVENT_OPTIONS)
    gr.Timer(REFRESH_SECONDS).tick(refresh, None, tools, **EVENT_OPTIONS)
    demo.load(lambda: agreement_html(agreements.now()), None, agreement, **EVENT_OPTIONS)
