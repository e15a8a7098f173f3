"""Replies before and after a round, side by side: what the Rounds page shows of them, and the buttons that write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from feedback_app.domain.version_names import called, numbered
from feedback_app.services.generation.versions import Models
from feedback_app.services.rounds.before_after import BeforeAfter, BeforeAfterView
from feedback_app.ui.shared.confirm import EVENT_OPTIONS
from feedback_app.ui.shared.guard import Updates, guarded
from feedback_app.ui.shared.markdown import safe_html
from feedback_app.ui.shared.templates import render
from feedback_app.ui.shared.text import alert, count, sentence

REFRESH_SECONDS = 1.0
LABELS = {"none": "Compare replies", "stopped": "Continue", "failed": "Try again"}
LONGEST_PROMPT = 600
"""Characters of a prompt that are shown."""


@dataclass(frozen=True, slots=True)
class BeforeAfterScreen:
    """`timer` runs only while replies are being written."""

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
    return BeforeAfterScreen(shown, write, stop, gr.Timer(REFRESH_SECONDS, active=False))


class BeforeAfterPanel:
    """The replies of one round. A round that made no version has none."""

    def __init__(self, service: BeforeAfter, models: Models, screen: BeforeAfterScreen) -> None:
        self._service = service
        self._models = models
        self._screen = screen

    def show(self, round_id: str | None) -> Updates:
        """The replies so far. Raises RoundNotFound."""
        return self._updates(self._service.of(round_id) if round_id else None)

    def write(self, round_id: str) -> Updates:
        """Start writing replies. Raises NothingToCompare, RoundNotFound."""
        return self._updates(self._service.start(round_id))

    def stop(self, round_id: str) -> Updates:
        """Stop after the current reply."""
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
        html = before_after(view, numbered(self._models.checkpoints()))
        return {
            screen.shown: gr.update(value=html, visible=True),
            screen.write: gr.update(visible=view.state in LABELS, value=LABELS.get(view.state, "")),
            screen.stop: gr.update(visible=running, interactive=True),
            screen.timer: gr.Timer(active=running),
        }

    def connect(self, chosen: gr.Dropdown, line: gr.HTML) -> None:
        """Connect the buttons and the timer. Errors appear in `line`."""
        screen, outputs = self._screen, self._screen.outputs()
        screen.write.click(guarded(line, self.write), chosen, [line, *outputs], **EVENT_OPTIONS)
        screen.stop.click(guarded(line, self.stop), chosen, [line, *outputs], **EVENT_OPTIONS)
        screen.timer.tick(self.show, chosen, outputs, **EVENT_OPTIONS)


def before_after(view: BeforeAfterView, numbers: Mapping[str, int]) -> Markup:
    """The replies so far, and how far the writing is. `numbers` maps version names to version numbers."""
    before, after = called(view.before, numbers), called(view.after, numbers)
    problem = alert(sentence(f"{view.problem}.".replace("..", "."))) if view.problem else ""
    cards = [
        {
            "heldout": shown.heldout,
            "prompt": _cut(shown.prompt[-1].content),
            "before": safe_html(shown.before),
            "after": safe_html(shown.after),
        }
        for shown in view.shown
        if shown.written
    ]
    return render(
        "rounds/before_after.html",
        summary=_summary(view, f"{before} and {after}"),
        running=view.state == "running",
        written=view.written,
        total=len(view.shown),
        problem=problem,
        before=before,
        after=after,
        cards=cards,
    )


def _cut(prompt: str) -> str:
    return prompt if len(prompt) <= LONGEST_PROMPT else f"{prompt[:LONGEST_PROMPT]} …"


def _summary(view: BeforeAfterView, both: str) -> str:
    prompts = count(len(view.shown), "prompt")
    if view.state == "running":
        return f"Writing replies of {both}: {view.written} of {prompts} done."
    if view.state == "stopped":
        return f"Stopped: {view.written} of {prompts} done."
    if view.state == "done":
        return f"The same prompts, answered by {both}. No round trains on held-out prompts."
    return f"Read how {both} answer a few of your own prompts. Writing the replies takes about a minute."
