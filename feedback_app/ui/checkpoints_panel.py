"""The registry on the rounds page: versions, aliases, promote and roll back."""

from dataclasses import dataclass

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.services.models import Models
from feedback_app.ui.confirm import PRIVATE, Confirm, asks, confirm
from feedback_app.ui.guard import Updates, guarded
from feedback_app.ui.rounds_view import registry
from feedback_app.ui.text import notice, sentence
from feedback_app.ui.version_words import version_choices

LOOK_EVERY = 5


@dataclass(frozen=True, slots=True)
class CheckpointsScreen:
    """`row` has what switches versions: hidden while there is only the base model."""

    shown: gr.HTML
    line: gr.HTML
    row: gr.Row
    version: gr.Dropdown
    promote: gr.Button
    back: gr.Button
    promoting: Confirm
    rolling: Confirm


def lay_out() -> CheckpointsScreen:
    gr.HTML('<h2 class="section">Versions</h2>')
    shown = gr.HTML(elem_id="registry")
    line = gr.HTML(elem_id="registry-line")
    with gr.Row(equal_height=True, visible="hidden", elem_id="switch-version") as row:
        version = gr.Dropdown([], label="Version", elem_id="version-choice", filterable=False, scale=2)
        promote = gr.Button("Use this version", elem_id="promote", min_width=140)
        back = gr.Button("Switch back", elem_id="rollback", min_width=140)
    promoting, rolling = confirm("promote", "Use this version"), confirm("rollback", "Switch back")
    return CheckpointsScreen(shown, line, row, version, promote, back, promoting, rolling)


@dataclass(frozen=True, slots=True)
class CheckpointsPanel:
    """What the buttons ask and do."""

    models: Models
    screen: CheckpointsScreen

    def look(self) -> Updates:
        checkpoints = self.models.checkpoints()
        return {
            self.screen.shown: registry(checkpoints, self.models.aliases()),
            self.screen.row: gr.update(visible=True if checkpoints else "hidden"),
            self.screen.version: gr.update(choices=version_choices(self.models)),
        }

    def promotion(self, name: str | None) -> str:
        if not name:
            return "Choose a version first."
        now, then = self.models.called(self.models.resolve("latest")), self.models.called(name)
        return f"This will switch arena and new chats from {now} to {then}. Continue?"

    def promote(self, name: str) -> Updates:
        done = self.models.promote(name, by="page")
        told = notice(sentence(f"{self.models.called(done)} is in use now."))
        return {**self.look(), **self.screen.promoting.shut(), self.screen.line: told}

    def rolling_back(self) -> str:
        before, now = self.models.predecessor(), self.models.resolve("latest")
        return (
            f"This will switch back to {self.models.called(before)}: arena and new chats use it at once, in place of "
            f"{self.models.called(now)}. Continue?"
        )

    def roll_back(self) -> Updates:
        left, now = map(self.models.called, self.models.rollback(by="page"))
        told = notice(sentence(f"{now} is in use again; {left} stays in the list."))
        return {**self.look(), **self.screen.rolling.shut(), self.screen.line: told}


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the panel and connect it."""
    screen = lay_out()
    panel = CheckpointsPanel(services.models, screen)
    looked = [screen.shown, screen.row, screen.version]
    outputs = [*looked, screen.line, screen.promoting.row, screen.rolling.row]
    demo.load(panel.look, None, looked, **PRIVATE)
    gr.Timer(LOOK_EVERY).tick(panel.look, None, looked, **PRIVATE)
    asks(screen.promote, screen.promoting, panel.promotion, [screen.version])
    asks(screen.back, screen.rolling, panel.rolling_back, [])
    promoted = guarded(screen.line, panel.promote)
    screen.promoting.yes.click(promoted, [screen.version], outputs, **PRIVATE)
    screen.rolling.yes.click(guarded(screen.line, panel.roll_back), None, outputs, **PRIVATE)
