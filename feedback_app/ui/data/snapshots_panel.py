"""The part of the Data page that tells of snapshots: which there are, how two differ, what is new."""

from collections.abc import Iterator

import gradio as gr

from feedback_app.domain.snapshot import BrokenSnapshot
from feedback_app.services.bundle import Services
from feedback_app.services.rounds.snapshots import NOW, Snapshots
from feedback_app.ui.data.snapshots_view import difference, label, listing, since
from feedback_app.ui.shared.confirm import PRIVATE, asks, confirm
from feedback_app.ui.shared.guard import Updates, guarded
from feedback_app.ui.shared.text import alert, notice

HERE = ("current data", NOW)
NOTHING = '<p class="quiet">No snapshot yet, so there is nothing to compare.</p>'


class SnapshotsPanel:
    """Its parts, and what they do."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        gr.HTML('<h2 class="section">Snapshots</h2>')
        self.new = gr.HTML(elem_id="snapshots-since")
        self.table = gr.HTML(elem_id="snapshots")
        with gr.Accordion("Compare two snapshots", open=False, elem_id="snapshots-differ") as self.fold:
            with gr.Row():
                self.one = gr.Dropdown([], label="From", filterable=False, elem_id="one-snapshot")
                self.other = gr.Dropdown([], label="To", filterable=False, elem_id="other-snapshot")
            self.shown = gr.HTML(NOTHING, elem_id="snapshots-difference")
            self.remove = gr.Button("Delete the snapshot under From", size="sm", elem_id="delete-snapshot")
            self.sure = confirm("delete-snapshot", "Delete")
            self.line = gr.HTML(elem_id="snapshots-line")

    def look(self) -> Iterator[Updates]:
        """What there is, and then what is new since the newest: the rankings are read for that."""
        yield {self.table: listing(self._snapshots.all())}
        try:
            yield {self.new: since(self._snapshots.since())}
        except BrokenSnapshot as error:
            yield {self.new: alert(f"The newest snapshot cannot be compared: {error}.")}

    def opened(self) -> Updates:
        """The newest beside what is here."""
        known = [(label(found), found.hash) for found in self._snapshots.all() if not found.problem]
        if not known:
            empty = gr.update(choices=[], value=None)
            return {self.one: empty, self.other: empty, self.shown: NOTHING}
        newest = known[0][1]
        choices = {
            self.one: gr.update(choices=[*known, HERE], value=newest),
            self.other: gr.update(choices=[HERE, *known], value=NOW),
        }
        return {**choices, **self.differ(newest, NOW)}

    def differ(self, one: str | None, other: str | None) -> Updates:
        if not one or not other:
            return {self.shown: NOTHING}
        return {self.shown: difference(self._snapshots.compared(one, other))}

    def question(self, one: str | None) -> str:
        if not one or one == NOW:
            return ""
        return (
            f"This will delete snapshot {one[:8]} permanently. Your rankings stay. A failed round that used it starts from the "
            "beginning if you resume it. Continue?"
        )

    def delete(self, one: str) -> Updates:
        gone = self._snapshots.delete(one)
        told = {self.line: notice(f"Snapshot {gone[:8]} was deleted."), **self.sure.shut()}
        return {**told, self.table: listing(self._snapshots.all()), **self.opened()}


def snapshots_panel(services: Services, demo: gr.Blocks) -> None:
    """Draw it and connect it."""
    panel = SnapshotsPanel(services.snapshots)
    choosers = [panel.one, panel.other]
    demo.load(panel.look, None, [panel.new, panel.table], **PRIVATE)
    panel.fold.expand(guarded(panel.shown, panel.opened), None, [*choosers, panel.shown], **PRIVATE)
    for chooser in choosers:
        chooser.input(guarded(panel.shown, panel.differ), choosers, panel.shown, **PRIVATE)
    asks(panel.remove, panel.sure, panel.question, [panel.one])
    changed = [panel.line, panel.table, panel.shown, *choosers, panel.sure.row]
    panel.sure.yes.click(guarded(panel.line, panel.delete), [panel.one], changed, **PRIVATE)
