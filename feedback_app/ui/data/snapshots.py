"""Snapshots on the Data page: which there are, how two differ, what is new since the newest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr
from markupsafe import Markup

from feedback_app.domain.snapshot import (
    CHANGE_TYPES,
    RECORD_KINDS,
    BrokenSnapshot,
    ChangeType,
    RecordChange,
    RecordKind,
    SnapshotRecord,
    SnapshotSummary,
)
from feedback_app.services.rounds.snapshots import NOW, SnapshotComparison, SnapshotGrowth, Snapshots
from feedback_app.ui.shared.confirm import EVENT_OPTIONS, confirm, connect_question
from feedback_app.ui.shared.guard import Updates, guarded
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import alert, count, notice, quiet, section

HERE = ("current data", NOW)
NOTHING = "No snapshot yet, so there is nothing to compare."
COUNTED = ("train", "heldout", "rankings", "ratings", "demonstrations")
WORDS: dict[ChangeType, str] = {"added": "New", "removed": "Removed", "changed": "Changed"}
ORDER: tuple[ChangeType, ...] = ("changed", "removed", "added")
"""Which changes are shown first: the rarest ones, which say most."""
LONGEST_TEXT = 300
"""Characters of a prompt or reply that are shown."""
MEGABYTE, KILOBYTE = 1_000_000, 1000
MISSING = "–"


class SnapshotsPanel:
    """The section's components, and what they do."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        gr.HTML(section("Snapshots"))
        self.new = gr.HTML(elem_id="snapshots-since")
        self.table = gr.HTML(elem_id="snapshots")
        with gr.Accordion("Compare two snapshots", open=False, elem_id="snapshots-differ") as self.accordion:
            with gr.Row():
                self.one = gr.Dropdown([], label="From", filterable=False, elem_id="one-snapshot")
                self.other = gr.Dropdown([], label="To", filterable=False, elem_id="other-snapshot")
            self.shown = gr.HTML(quiet(NOTHING), elem_id="snapshots-difference")
            self.remove = gr.Button("Delete the snapshot under From", size="sm", elem_id="delete-snapshot")
            self.sure = confirm("delete-snapshot", "Delete")
            self.line = gr.HTML(elem_id="snapshots-line")

    def refresh(self) -> Iterator[Updates]:
        """The list first, then what is new since the newest snapshot, which takes longer: it reads the rankings."""
        yield {self.table: listing(self._snapshots.all())}
        try:
            yield {self.new: since(self._snapshots.since())}
        except BrokenSnapshot as error:
            yield {self.new: alert(f"The newest snapshot cannot be compared: {error}.")}

    def opened(self) -> Updates:
        """Compare the newest snapshot with the current data."""
        known = [(label(one), one.hash) for one in self._snapshots.all() if not one.problem]
        if not known:
            empty = gr.update(choices=[], value=None)
            return {self.one: empty, self.other: empty, self.shown: quiet(NOTHING)}
        newest = known[0][1]
        choices = {
            self.one: gr.update(choices=[*known, HERE], value=newest),
            self.other: gr.update(choices=[HERE, *known], value=NOW),
        }
        return {**choices, **self.differ(newest, NOW)}

    def differ(self, one: str | None, other: str | None) -> Updates:
        if not one or not other:
            return {self.shown: quiet(NOTHING)}
        return {self.shown: difference(self._snapshots.compared(one, other))}

    def question(self, one: str | None) -> str:
        if not one or one == NOW:
            return ""
        return (
            f"This will delete snapshot {one[:8]} permanently. Your rankings stay. A failed round that used it starts from the "
            "beginning if you resume it. Continue?"
        )

    def delete(self, one: str) -> Updates:
        deleted = self._snapshots.delete(one)
        message = {self.line: notice(f"Snapshot {deleted[:8]} was deleted."), **self.sure.closed()}
        return {**message, self.table: listing(self._snapshots.all()), **self.opened()}


def snapshots_panel(snapshots: Snapshots, demo: gr.Blocks) -> None:
    """Draw the section and connect it."""
    panel = SnapshotsPanel(snapshots)
    choosers = [panel.one, panel.other]
    demo.load(panel.refresh, None, [panel.new, panel.table], **EVENT_OPTIONS)
    panel.accordion.expand(
        guarded(panel.shown, panel.opened), None, [*choosers, panel.shown], **EVENT_OPTIONS
    )
    for chooser in choosers:
        chooser.input(guarded(panel.shown, panel.differ), choosers, panel.shown, **EVENT_OPTIONS)
    connect_question(panel.remove, panel.sure, panel.question, [panel.one])
    changed = [panel.line, panel.table, panel.shown, *choosers, panel.sure.row]
    panel.sure.yes.click(guarded(panel.line, panel.delete), [panel.one], changed, **EVENT_OPTIONS)


def listing(snapshots: Sequence[SnapshotSummary]) -> Markup:
    """A row for each snapshot. A snapshot that cannot be read shows why."""
    return render("data/snapshots.html", rows=[_row(snapshot) for snapshot in snapshots])


def _row(one: SnapshotSummary) -> dict[str, Any]:
    rounds = ", ".join(f"{round_.method} ({round_.state})" for round_ in one.rounds) or MISSING
    return {"name": one.hash[:8], "cells": _cells(one), "problem": one.problem, "rounds": rounds}


def _cells(one: SnapshotSummary) -> list[str]:
    if one.created_at is None:
        return []
    counts = [f"{one.counts[name]:,}" if name in one.counts else MISSING for name in COUNTED]
    return [f"{one.created_at:%Y-%m-%d %H:%M}", *counts, size(one.size)]


def size(number: int) -> str:
    """A number of bytes as `1.2 MB` or `34 kB`."""
    if number >= MEGABYTE:
        return f"{number / MEGABYTE:,.1f} MB"
    return f"{max(1, round(number / KILOBYTE))} kB"


def label(one: SnapshotSummary) -> str:
    """The label of a snapshot in a dropdown."""
    return f"{one.created_at:%Y-%m-%d %H:%M} · {one.hash[:8]}" if one.created_at else one.hash[:8]


def since(compared: SnapshotComparison | SnapshotGrowth | None) -> Markup:
    """One line: what the newest snapshot does not hold."""
    if compared is None:
        return Markup()
    if isinstance(compared, SnapshotGrowth):
        return notice(_growth(compared))
    counts = compared.difference.counts
    changes = [
        _counted(kind, how, counts[kind, how])
        for kind in RECORD_KINDS
        for how in CHANGE_TYPES
        if counts.get((kind, how))
    ]
    if not changes:
        return notice("Nothing is new since the newest snapshot.")
    return notice(f"Since the newest snapshot: {', '.join(changes)}.")


def _growth(growth: SnapshotGrowth) -> str:
    """How many pairs there are more or fewer."""
    change = growth.now - growth.then
    if not change:
        return f"There are {growth.now:,} pairs, as many as in the newest snapshot. Compare the two to see what changed."
    how = "more" if change > 0 else "fewer"
    return f"There are {growth.now:,} pairs, {count(abs(change), 'pair')} {how} than in the newest snapshot."


def _counted(kind: RecordKind, how: ChangeType, number: int) -> str:
    return f"{count(number, kind.removesuffix('s'))} {'new' if how == 'added' else WORDS[how].lower()}"


def difference(compared: SnapshotComparison) -> Markup:
    """The counts as a table, where the changes come from, and the first changed records."""
    changes = sorted(compared.difference.first, key=lambda change: ORDER.index(change.how))
    return render(
        "data/difference.html",
        heads=[*WORDS.values(), "Unchanged"],
        rows=[(kind, _numbers(compared, kind)) for kind in RECORD_KINDS],
        notes=[*compared.notes, *_origins(compared)],
        changes=[_change(change) for change in changes],
    )


def _numbers(compared: SnapshotComparison, kind: RecordKind) -> list[str]:
    if kind not in compared.kinds:
        return [MISSING] * (len(CHANGE_TYPES) + 1)
    counts, same = compared.difference.counts, compared.difference.same
    return [
        f"{number:,}" for number in (*(counts.get((kind, how), 0) for how in CHANGE_TYPES), same.get(kind, 0))
    ]


def _origins(compared: SnapshotComparison) -> list[str]:
    """How many rankings changed, by source and by tag."""
    return [
        f"{WORDS[how]} rankings by {what}: {_by_number(counts[how])}"
        for what, counts in (("source", compared.sources), ("tag", compared.tags))
        for how in CHANGE_TYPES
        if counts[how]
    ]


def _by_number(counts: Mapping[str, int]) -> str:
    """The names with their numbers, the largest first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {number:,}" for name, number in ordered)


def _change(change: RecordChange) -> dict[str, Any]:
    before, after = change.before, change.after
    record = after or before
    prompt = record.prompt if record else ()
    sides = [("before", before), ("now", after)] if change.how == "changed" else [("", record)]
    return {
        "what": f"{WORDS[change.how]} {change.kind.removesuffix('s')}",
        "prompt": _cut(next((m.content for m in reversed(prompt) if m.role == "user"), "")),
        "sides": [{"when": when, "replies": _replies(side)} for when, side in sides if side is not None],
    }


def _replies(record: SnapshotRecord) -> list[tuple[str | int, str]]:
    """The replies, best first, each with its place. A rating and a demonstration have a word in place of a number."""
    ordered = sorted(zip(record.places, record.replies, strict=True))
    marks = {"ratings": ("good", "bad"), "demonstrations": ("wrote",)}.get(record.kind)
    return [(marks[place] if marks else place + 1, _cut(reply)) for place, reply in ordered]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} …"
