"""The part of the Rounds page that shows replies before and after a round, and has them written."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.domain.version_names import numbered
from feedback_app.services.generation.versions import Models
from feedback_app.services.rounds.before_after import BeforeAfter, BeforeAfterView
from feedback_app.ui.rounds.before_after_view import before_after
from feedback_app.ui.shared.confirm import PRIVATE
from feedback_app.ui.shared.guard import Updates, guarded

LOOK_EVERY = 1.0
LABELS = {"none": "Compare replies", "stopped": "Go on", "failed": "Try again"}


@dataclass(frozen=True, slots=True)
class BeforeAfterScreen:
    """`timer` ticks while replies are written, and only then."""

    shown: gr.HTML
    write: gr.Button
    stop: gr.Button
    timer: gr.Timer

    def outputs(self) -> list[Any]:
        return [self.shown, self.write, self.stop, self.timer]


def lay_out_before_after() -> BeforeAfterScreen:
    shown = gr.HTML(elem_id="before-after", visible=False)
    with gr.Row():
        write = gr.Button(
            "Compare replies", visible=False, elem_id="write-before-after", size="sm", min_width=140
        )
        stop = gr.Button("Cancel", visible=False, elem_id="stop-before-after", size="sm", min_width=90)
    return BeforeAfterScreen(shown, write, stop, gr.Timer(LOOK_EVERY, active=False))


class BeforeAfterPanel:
    """What it shows of a round. A round without a version has nothing to show."""

    def __init__(self, service: BeforeAfter, models: Models, screen: BeforeAfterScreen) -> None:
        self._service = service
        self._models = models
        self._screen = screen

    def show(self, round_id: str | None) -> Updates:
        """As it stands. Raises RoundNotFound."""
        return self._updates(self._service.of(round_id) if round_id else None)

    def write(self, round_id: str) -> Updates:
        """Raises NothingToCompare, RoundNotFound."""
        return self._updates(self._service.start(round_id))

    def stop(self, round_id: str) -> Updates:
        self._service.cancel(round_id)
        return {**self.show(round_id), self._screen.stop: gr.update(interactive=False)}

    def _updates(self, view: BeforeAfterView | None) -> Updates:
        screen = self._screen
        if view is None:
            hidden = gr.update(visible=False)
            return {
                screen.shown: gr.update(value="", visible=False),
                screen.write: hidden,
                screen.stop: hidden,
                screen.timer: gr.Timer(active=False),
            }
        running = view.state == "running"
        told = before_after(view, numbered(self._models.checkpoints()))
        return {
            screen.shown: gr.update(value=told, visible=True),
            screen.write: gr.update(visible=view.state in LABELS, value=LABELS.get(view.state, "")),
            screen.stop: gr.update(visible=running, interactive=True),
            screen.timer: gr.Timer(active=running),
        }

    def connect(self, chosen: gr.Dropdown, line: gr.HTML) -> None:
        """The buttons, and a look each second while replies are written."""
        screen, outputs = self._screen, self._screen.outputs()
        screen.write.click(guarded(line, self.write), chosen, [line, *outputs], **PRIVATE)
        screen.stop.click(guarded(line, self.stop), chosen, [line, *outputs], **PRIVATE)
        screen.timer.tick(self.show, chosen, outputs, **PRIVATE)
