"""The parts of the Chat page that have several elements: transcripts, other replies, the switch question, connecting another program."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.domain.conversation import Conversation
from feedback_app.ui.chat.view import reply_position
from feedback_app.ui.shared.guard import Updates
from feedback_app.ui.shared.text import notice, plain

CONNECT = "Any program that talks to OpenAI's API can chat with your model. Enter these three there."
KEY = "codelynn"
KEY_INFO = "Any text works. If you set an access token (CODELYNN_ACCESS_TOKEN), enter the token."
MODEL_INFO = "“latest” follows your training. Or enter the name of a version, such as base."


@dataclass(frozen=True, slots=True)
class Transcript:
    """The conversation with one version. `heading` and `keep` are only visible with two versions side by side."""

    column: gr.Column
    heading: gr.HTML
    chatbot: gr.Chatbot
    keep: gr.Button

    def parts(self) -> list[Any]:
        return [self.column, self.heading, self.chatbot, self.keep]


@dataclass(frozen=True, slots=True)
class Transcripts:
    """One transcript, or two side by side. `vote` asks which version is better; `outcome` says what was answered, or why it is
    not asked."""

    left: Transcript
    right: Transcript
    vote: gr.Column
    outcome: gr.HTML
    better_left: gr.Button
    tie: gr.Button
    better_right: gr.Button
    bad: gr.Button

    def parts(self) -> list[Any]:
        buttons = [self.better_left, self.tie, self.better_right, self.bad]
        return [*self.left.parts(), *self.right.parts(), self.vote, self.outcome, *buttons]


def lay_out_transcripts() -> Transcripts:
    with gr.Row(elem_id="threads"):
        left = _transcript("transcript", "keep-left", "Conversation")
        right = _transcript(
            "transcript-beside", "keep-right", "Conversation with the second version", "hidden"
        )
    with gr.Column(visible="hidden", elem_id="which") as vote:
        outcome = gr.HTML(elem_id="which-said")
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
    return Transcripts(left, right, vote, outcome, *buttons)


def _transcript(name: str, keep: str, label: str, visible: Any = True) -> Transcript:
    with gr.Column(visible=visible, min_width=280, elem_id=f"{name}-side") as column:
        heading = gr.HTML(elem_id=f"{name}-heading")
        chatbot = gr.Chatbot(
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
    return Transcript(column, heading, chatbot, button)


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The row that goes from one reply to the next. Only visible if the last message has several replies."""

    row: gr.Row
    previous: gr.Button
    position: gr.HTML
    next: gr.Button

    def parts(self) -> list[Any]:
        return [self.row, self.previous, self.position, self.next]

    def shown(self, conversation: Conversation) -> Updates:
        position = reply_position(conversation)
        return {
            self.row: gr.update(visible=True if position else "hidden"),
            self.position: plain(position, "reply-place") if position else "",
        }

    def hidden(self) -> Updates:
        return {self.row: gr.update(visible="hidden"), self.position: ""}


def lay_out_alternatives() -> Alternatives:
    with gr.Row(visible="hidden", elem_id="alternatives") as row:
        previous = gr.Button("‹ Previous", size="sm", elem_id="reply-before", min_width=90, scale=0)
        position = gr.HTML(elem_id="reply-place")
        next_ = gr.Button("Next ›", size="sm", elem_id="reply-after", min_width=90, scale=0)
    return Alternatives(row, previous, position, next_)


@dataclass(frozen=True, slots=True)
class SwitchQuestion:
    """Asks what to do when another persona or version is chosen in the middle of a conversation. Hidden until then."""

    column: gr.Column
    question: gr.HTML
    switch_here: gr.Button
    new: gr.Button
    keep: gr.Button

    def parts(self) -> list[Any]:
        return [self.column, self.question, self.switch_here, self.new, self.keep]

    def hidden(self) -> Updates:
        return {self.column: gr.update(visible=False)}

    def about_persona(self, current: str, chosen: str) -> Updates:
        question = (
            f"This conversation is with {current}. Should {chosen} answer from the next reply on? "
            f"Until you choose, {current} answers."
        )
        return {
            self.column: gr.update(visible=True),
            self.question: notice(question),
            self.switch_here: gr.update(visible=True, value=f"Continue with {chosen}"),
            self.new: gr.update(value=f"New conversation with {chosen}"),
            self.keep: gr.update(value=f"Keep {current}"),
        }

    def about_model(self, current: str, chosen: str) -> Updates:
        question = f"This conversation stays with {current}, the version it began with."
        return {
            self.column: gr.update(visible=True),
            self.question: notice(question),
            self.switch_here: gr.update(visible=False),
            self.new: gr.update(value=f"New conversation with {chosen}"),
            self.keep: gr.update(value="Stay here"),
        }


def lay_out_switch() -> SwitchQuestion:
    with gr.Column(visible=False, elem_id="switch", elem_classes=["confirm"]) as column:
        question = gr.HTML()
        with gr.Row():
            here = gr.Button("Continue", size="sm", elem_id="switch-here", min_width=90)
            new = gr.Button("New conversation", size="sm", elem_id="switch-new", min_width=90)
            keep = gr.Button("Keep", size="sm", elem_id="switch-keep", min_width=90)
    return SwitchQuestion(column, question, here, new, keep)


@dataclass(frozen=True, slots=True)
class Connect:
    """What another program needs to chat with the model, ready to be copied."""

    address: gr.Textbox
    curl: gr.Code

    def parts(self) -> list[Any]:
        return [self.address, self.curl]

    def filled(self, request: gr.Request) -> Updates:
        """With the address under which the page was opened."""
        base = f"{request.url.scheme}://{request.headers['host']}/v1"
        return {self.address: base, self.curl: example(base)}


def example(base: str) -> str:
    """A first request."""
    body = '{"model": "latest", "messages": [{"role": "user", "content": "Hello!"}]}'
    return f"curl {base}/chat/completions \\\n  -H 'Content-Type: application/json' -H 'Authorization: Bearer {KEY}' \\\n  -d '{body}'"


def lay_out_connect() -> Connect:
    with gr.Accordion("Connect another app", open=False, elem_id="connect"):
        gr.HTML(plain(CONNECT))
        address = _to_copy("Address (base URL)", "", "connect-address")
        _to_copy("Key", KEY, "connect-key", KEY_INFO)
        _to_copy("Model", "latest", "connect-model", MODEL_INFO)
        curl = gr.Code("", language="shell", label="Try it", elem_id="connect-curl", interactive=False)
    return Connect(address, curl)


def _to_copy(label: str, value: str, name: str, info: str = "") -> gr.Textbox:
    return gr.Textbox(value, label=label, info=info, interactive=False, buttons=["copy"], elem_id=name)
