"""The question before an action that is hard to undo: the page says what will happen, then the person confirms or not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.ui.shared.text import notice

EVENT_OPTIONS: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""Options of every event: not part of Gradio's public API, no progress animation."""


@dataclass(frozen=True, slots=True)
class Confirm:
    row: gr.Column
    question: gr.HTML
    yes: gr.Button
    no: gr.Button

    def closed(self) -> dict[Any, Any]:
        return {self.row: gr.update(visible=False)}


def confirm(name: str, label: str) -> Confirm:
    """Draw the question, hidden. `label` is the text of the button that confirms, such as `Delete`."""
    with gr.Column(visible=False, elem_id=f"{name}-confirm", elem_classes=["confirm"]) as row:
        question = gr.HTML()
        with gr.Row():
            yes = gr.Button(label, variant="stop", size="sm", elem_id=f"{name}-yes", min_width=90)
            no = gr.Button("Keep as it is", size="sm", elem_id=f"{name}-no", min_width=90)
    return Confirm(row, question, yes, no)


def connect_question(
    button: gr.Button, parts: Confirm, question: Callable[..., str], inputs: list[Any]
) -> None:
    """Connect `button` to open the question and `no` to close it. An empty question means that there is nothing to confirm."""

    def open_(*values: Any) -> dict[Any, Any]:
        text = question(*values)
        return {parts.row: gr.update(visible=bool(text)), parts.question: notice(text)}

    button.click(open_, inputs, [parts.row, parts.question], **EVENT_OPTIONS)
    parts.no.click(parts.closed, None, [parts.row], **EVENT_OPTIONS)
