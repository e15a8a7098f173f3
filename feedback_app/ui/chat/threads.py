"""The transcripts of the chat page: one, or two beside each other with what can be done with the pair."""

from dataclasses import dataclass
from typing import Any

import gradio as gr


@dataclass(frozen=True, slots=True)
class Thread:
    """One version's side. Heading and `keep` are there only while another stands beside it."""

    column: gr.Column
    heading: gr.HTML
    transcript: gr.Chatbot
    keep: gr.Button

    def parts(self) -> list[Any]:
        return [self.column, self.heading, self.transcript, self.keep]


@dataclass(frozen=True, slots=True)
class Threads:
    """`verdict` is the row that asks which is better; `said` tells what was answered, or why it cannot be asked."""

    left: Thread
    right: Thread
    verdict: gr.Column
    said: gr.HTML
    better_left: gr.Button
    tie: gr.Button
    better_right: gr.Button
    bad: gr.Button

    def buttons(self) -> tuple[gr.Button, ...]:
        return self.better_left, self.tie, self.better_right, self.bad

    def parts(self) -> list[Any]:
        return [*self.left.parts(), *self.right.parts(), self.verdict, self.said, *self.buttons()]


def lay_out_threads() -> Threads:
    with gr.Row(elem_id="threads"):
        left = _thread("transcript", "keep-left", "Conversation")
        right = _thread("transcript-beside", "keep-right", "Conversation beside it", visible="hidden")
    with gr.Column(visible="hidden", elem_id="which") as verdict:
        said = gr.HTML(elem_id="which-said")
        with gr.Row():
            buttons = [
                gr.Button(label, interactive=False, elem_id=name, size="sm", min_width=120)
                for label, name in (
                    ("Left is better", "better-left"),
                    ("Tie", "better-tie"),
                    ("Right is better", "better-right"),
                    ("Both bad", "better-bad"),
                )
            ]
    return Threads(left, right, verdict, said, *buttons)


def _thread(name: str, keep: str, label: str, visible: Any = True) -> Thread:
    with gr.Column(visible=visible, min_width=280, elem_id=f"{name}-side") as column:
        heading = gr.HTML(elem_id=f"{name}-heading")
        transcript = gr.Chatbot(
            label=label,
            show_label=False,
            height="58vh",
            latex_delimiters=[],
            sanitize_html=True,
            allow_tags=False,
            allow_file_downloads=False,
            buttons=["copy"],
            editable="all",
            layout="bubble",
            elem_id=name,
            elem_classes=["transcript"],
        )
        button = gr.Button("Keep this one", visible="hidden", elem_id=keep, size="sm", min_width=90)
    return Thread(column, heading, transcript, button)
