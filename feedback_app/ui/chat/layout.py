"""The layout of the Chat page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.ui.chat.parts import (
    Alternatives,
    Connect,
    SwitchQuestion,
    Transcripts,
    lay_out_alternatives,
    lay_out_connect,
    lay_out_switch,
    lay_out_transcripts,
)
from feedback_app.ui.chat.view import ONE_VERSION
from feedback_app.ui.gradio_workarounds.trigger import hidden_box
from feedback_app.ui.shared.confirm import Confirm, confirm
from feedback_app.ui.shared.text import heading


@dataclass(frozen=True, slots=True)
class ChatScreen:
    """Every element that an event reads or changes.

    Four text boxes are hidden. `current`: the id of the conversation. `redraw`: changes whenever the transcript is to be drawn
    again. `to_rank`: the id of the comparison to open in the arena. `sent`: the message that is being sent, so that the box is
    free for the next one.
    """

    current: gr.Textbox
    redraw: gr.Textbox
    model: gr.Dropdown
    second_version: gr.Dropdown
    best_of: gr.Radio
    persona: gr.Dropdown
    new: gr.Button
    search: gr.Textbox
    listing: gr.Radio
    name: gr.Textbox
    rename: gr.Button
    delete: gr.Button
    confirm: Confirm
    about: gr.HTML
    line: gr.HTML
    transcripts: Transcripts
    text: gr.Textbox
    stop: gr.Button
    again: gr.Button
    rank: gr.Button
    to_rank: gr.Textbox
    sent: gr.Textbox
    search_result: gr.HTML
    switch: SwitchQuestion
    alternatives: Alternatives
    connect: Connect

    @property
    def transcript(self) -> gr.Chatbot:
        """The transcript of the open conversation; with two versions the left one."""
        return self.transcripts.left.chatbot

    def entry(self) -> tuple[gr.Textbox, gr.Button]:
        """Off until the page knows which conversation is open: a message that was sent before would be lost."""
        return self.text, self.new

    def outputs(self) -> list[Any]:
        """Every element that a handler may change."""
        side = [
            self.current,
            self.redraw,
            self.model,
            self.persona,
            self.new,
            self.search,
            self.listing,
            self.name,
        ]
        return [
            *side,
            self.second_version,
            self.best_of,
            self.delete,
            self.rename,
            self.confirm.row,
            self.about,
            self.line,
            *self.transcripts.parts(),
            self.text,
            self.stop,
            self.again,
            self.rank,
            self.to_rank,
            self.persona,
            self.sent,
            self.search_result,
            *self.switch.parts(),
            *self.alternatives.parts(),
            *self.connect.parts(),
        ]


def lay_out(personas: Sequence[tuple[str, str]], default_persona: str) -> ChatScreen:
    gr.HTML(heading("Chat", "Talk with any version. Conversations are kept on this machine."))
    hidden: dict[str, Any] = {
        "current": hidden_box("Conversation", "open-id"),
        "redraw": hidden_box("Redraw"),
    }
    with gr.Row(elem_id="chat-row"):
        with gr.Column(scale=1, min_width=240, elem_id="chat-side"):
            side = _side(personas, default_persona)
        with gr.Column(scale=3, min_width=300, elem_id="chat-main"):
            main = _main()
    return ChatScreen(**hidden, **side, **main)


def _side(personas: Sequence[tuple[str, str]], default_persona: str) -> dict[str, Any]:
    """The list of conversations, and the choices for a new one."""
    return {**_conversations(), **_choices(personas, default_persona), "connect": lay_out_connect()}


def _choices(personas: Sequence[tuple[str, str]], default_persona: str) -> dict[str, Any]:
    with gr.Group():
        model = gr.Dropdown(
            [("latest", "latest")], value="latest", label="Model", elem_id="model", filterable=False
        )
        persona = gr.Dropdown(
            list(personas), value=default_persona, label="Persona", elem_id="persona", filterable=False
        )
        second_version = gr.Dropdown(
            [ONE_VERSION],
            value="",
            label="Compare with",
            info="A second version that gets the same messages.",
            elem_id="beside",
            filterable=False,
        )
        best_of = gr.Radio(
            [1, 2, 4, 8],
            value=1,
            label="Best of",
            info="Write several replies and keep the one you would like best.",
            elem_id="best-of",
        )
    return {"model": model, "persona": persona, "second_version": second_version, "best_of": best_of}


def _conversations() -> dict[str, Any]:
    search = gr.Textbox(
        label="Search",
        placeholder="Words of a title or message",
        max_lines=1,
        interactive=False,
        elem_id="search-chats",
    )
    search_result = gr.HTML(elem_id="search-found")
    listing = gr.Radio([], label="Conversations", elem_id="conversations", elem_classes=["listing"])
    with gr.Accordion("Rename or delete", open=False, elem_id="manage"):
        name = gr.Textbox(label="Name", max_length=48, elem_id="chat-name")
        with gr.Row():
            rename = gr.Button("Rename", size="sm", elem_id="rename", min_width=90)
            delete = gr.Button("Delete", size="sm", elem_id="delete", min_width=90)
        question = confirm("delete", "Delete for good")
    return {
        "search": search,
        "search_result": search_result,
        "listing": listing,
        "name": name,
        "rename": rename,
        "delete": delete,
        "confirm": question,
    }


def _main() -> dict[str, Any]:
    """The open conversation, and the buttons below it."""
    with gr.Row(elem_id="chat-top"):
        about = gr.HTML(elem_id="about")
        new = gr.Button(
            "New conversation",
            variant="primary",
            interactive=False,
            elem_id="new-chat",
            size="sm",
            min_width=150,
        )
    line = gr.HTML(elem_id="line")
    switch = lay_out_switch()
    transcripts = lay_out_transcripts()
    alternatives = lay_out_alternatives()
    text = gr.Textbox(
        label="Message",
        show_label=False,
        placeholder="Write a message. Enter sends it.",
        lines=1,
        max_lines=8,
        submit_btn="Send",
        html_attributes=gr.InputHTMLAttributes(),
        interactive=False,
        elem_id="message",
    )
    parts = {"about": about, "new": new, "line": line, "switch": switch, "transcripts": transcripts}
    return {**parts, "alternatives": alternatives, "text": text, **_buttons()}


def _buttons() -> dict[str, Any]:
    with gr.Row():
        stop = gr.Button("Stop", interactive=False, elem_id="stop", size="sm", min_width=90)
        again = gr.Button("Regenerate", interactive=False, elem_id="regenerate", size="sm", min_width=90)
        rank = gr.Button(
            "Rank replies instead", interactive=False, elem_id="rank-instead", size="sm", min_width=90
        )
    to_rank = hidden_box("Comparison")
    sent = hidden_box("Sent", "message-sent")
    return {"stop": stop, "again": again, "rank": rank, "to_rank": to_rank, "sent": sent}
