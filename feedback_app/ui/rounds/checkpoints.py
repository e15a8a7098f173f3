"""The versions on the Rounds page: what each is used for, switch to another one, switch back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from feedback_app.domain.round import Checkpoint, method_name
from feedback_app.domain.version_names import called, numbered, roles
from feedback_app.services.generation.versions import Models
from feedback_app.ui.rounds.view import moment
from feedback_app.ui.shared.confirm import EVENT_OPTIONS, Confirm, confirm, connect_question
from feedback_app.ui.shared.guard import Updates, guarded
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import count, notice, section, sentence
from feedback_app.ui.shared.version_words import version_choices

REFRESH_SECONDS = 5
CHECKED = {True: "passed", False: "held back"}


@dataclass(frozen=True, slots=True)
class CheckpointsScreen:
    """`row` switches versions. It is hidden while there is only the base model."""

    shown: gr.HTML
    line: gr.HTML
    row: gr.Row
    version: gr.Dropdown
    promote: gr.Button
    back: gr.Button
    promoting: Confirm
    rolling: Confirm
    delete: gr.Button
    deleting: Confirm


def lay_out() -> CheckpointsScreen:
    gr.HTML(section("Versions"))
    shown = gr.HTML(elem_id="registry")
    line = gr.HTML(elem_id="registry-line")
    with gr.Row(equal_height=True, visible="hidden", elem_id="switch-version") as row:
        version = gr.Dropdown([], label="Version", elem_id="version-choice", filterable=False, scale=2)
        promote = gr.Button("Use this version", elem_id="promote", min_width=140)
        back = gr.Button("Switch back", elem_id="rollback", min_width=140)
        delete = gr.Button("Delete this version", elem_id="delete-version", min_width=140, visible=False)
    promoting, rolling = confirm("promote", "Use this version"), confirm("rollback", "Switch back")
    deleting = confirm("delete-version", "Delete")
    return CheckpointsScreen(shown, line, row, version, promote, back, promoting, rolling, delete, deleting)


@dataclass(frozen=True, slots=True)
class CheckpointsPanel:
    """What the buttons ask and do."""

    models: Models
    screen: CheckpointsScreen

    def refresh(self) -> Updates:
        checkpoints = self.models.checkpoints()
        return {
            self.screen.shown: registry(checkpoints, self.models.aliases()),
            self.screen.row: gr.update(visible=True if checkpoints else "hidden"),
            self.screen.version: gr.update(choices=version_choices(self.models)),
            self.screen.delete: gr.update(visible=any(checkpoint.damaged for checkpoint in checkpoints)),
        }

    def promotion_question(self, name: str | None) -> str:
        if not name:
            return "Choose a version first."
        now, then = self.models.called(self.models.resolve("latest")), self.models.called(name)
        return f"This will switch arena and new chats from {now} to {then}. Continue?"

    def promote(self, name: str) -> Updates:
        promoted = self.models.promote(name, by="page")
        message = notice(sentence(f"{self.models.called(promoted)} is in use now."))
        return {**self.refresh(), **self.screen.promoting.closed(), self.screen.line: message}

    def rollback_question(self) -> str:
        before, now = self.models.predecessor(), self.models.resolve("latest")
        return (
            f"This will switch back to {self.models.called(before)}: arena and new chats use it at once, in place of "
            f"{self.models.called(now)}. Continue?"
        )

    def roll_back(self) -> Updates:
        left, now = map(self.models.called, self.models.rollback(by="page"))
        message = notice(sentence(f"{now} is in use again; {left} stays in the list."))
        return {**self.refresh(), **self.screen.rolling.closed(), self.screen.line: message}

    def deletion_question(self, name: str | None) -> str:
        if not name:
            return "Choose a damaged version first."
        return (
            f"This will delete {self.models.called(name)} permanently. Only a damaged version can be deleted. Its folder "
            "stays. Continue?"
        )

    def delete(self, name: str) -> Updates:
        words = self.models.called(name)
        self.models.delete(name)
        message = notice(sentence(f"{words} was deleted."))
        chosen = {self.screen.version: gr.update(choices=version_choices(self.models), value=None)}
        return {**self.refresh(), **chosen, **self.screen.deleting.closed(), self.screen.line: message}


def build(models: Models, demo: gr.Blocks) -> None:
    """Draw the panel and connect it."""
    screen = lay_out()
    panel = CheckpointsPanel(models, screen)
    refreshed = [screen.shown, screen.row, screen.version, screen.delete]
    outputs = [*refreshed, screen.line, screen.promoting.row, screen.rolling.row, screen.deleting.row]
    demo.load(panel.refresh, None, refreshed, **EVENT_OPTIONS)
    gr.Timer(REFRESH_SECONDS).tick(panel.refresh, None, refreshed, **EVENT_OPTIONS)
    connect_question(screen.promote, screen.promoting, panel.promotion_question, [screen.version])
    connect_question(screen.back, screen.rolling, panel.rollback_question, [])
    promote = guarded(screen.line, panel.promote)
    screen.promoting.yes.click(promote, [screen.version], outputs, **EVENT_OPTIONS)
    connect_question(screen.delete, screen.deleting, panel.deletion_question, [screen.version])
    delete = guarded(screen.line, panel.delete)
    screen.deleting.yes.click(delete, [screen.version], outputs, **EVENT_OPTIONS)
    screen.rolling.yes.click(guarded(screen.line, panel.roll_back), None, outputs, **EVENT_OPTIONS)


def registry(checkpoints: Sequence[Checkpoint], aliases: Mapping[str, str]) -> Markup:
    """Every version with its roles, as a table."""
    numbers = numbered(checkpoints)
    rows = [_row(checkpoint, aliases, numbers) for checkpoint in checkpoints]
    if rows:
        rows.append(_base_row(aliases))
    return render("rounds/versions.html", rows=rows, caption=count(len(rows), "version"))


def _row(checkpoint: Checkpoint, aliases: Mapping[str, str], numbers: Mapping[str, int]) -> dict[str, Any]:
    return {
        "number": numbers[checkpoint.name],
        "name": checkpoint.name,
        "roles": roles(checkpoint.name, aliases),
        "origin": f"{method_name(checkpoint.method)} from {called(checkpoint.parent, numbers)}",
        "damaged": checkpoint.damaged,
        "checked": CHECKED[checkpoint.passed],
        "made": moment(checkpoint.created_at),
    }


def _base_row(aliases: Mapping[str, str]) -> dict[str, Any]:
    return {
        "number": None,
        "name": "",
        "roles": roles("base", aliases),
        "origin": "",
        "damaged": False,
        "checked": "",
        "made": "",
    }
