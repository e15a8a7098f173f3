"""A step before what cannot be taken back lightly: say what will happen, then do it or not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.ui.shared.text import notice

PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""How every event of the pages is connected."""


@dataclass(frozen=True, slots=True)
class Confirm:
    row: gr.Column
    question: gr.HTML
    yes: gr.Button
    no: gr.Button

    def shut(self) -> dict[Any, Any]:
        return {self.row: gr.update(visible=False)}


def confirm(name: str, label: str) -> Confirm:
    """The parts, hidden until asked for. `label` is what the button does, such as `Delete`."""
    with gr.Column(visible=False, elem_id=f"{name}-confirm", elem_classes=["confirm"]) as row:
        question = gr.HTML()
        with gr.Row():
            yes = gr.Button(label, variant="stop", size="sm", elem_id=f"{name}-yes", min_width=90)
            no = gr.Button("Keep as it is", size="sm", elem_id=f"{name}-no", min_width=90)
    return Confirm(row, question, yes, no)


def asks(button: gr.Button, parts: Confirm, question: Callable[..., str], inputs: list[Any]) -> None:
    """`button` opens the question, `no` shuts it; an empty question means that there is nothing to do."""

    def open_(*values: Any) -> dict[Any, Any]:
        text = question(*values)
        return {parts.row: gr.update(visible=bool(text)), parts.question: notice(text)}

    button.click(open_, inputs, [parts.row, parts.question], **PRIVATE)
    parts.no.click(parts.shut, None, [parts.row], **PRIVATE)
