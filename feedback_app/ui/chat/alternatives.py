"""The replies to the last message, one of which is shown: going from one to the next."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.domain.conversation import Conversation
from feedback_app.services.chat.chat import Chat
from feedback_app.ui.chat.view import which
from feedback_app.ui.shared.guard import Updates
from feedback_app.ui.shared.text import plain


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The row with both arrows; there only where the last message has several replies."""

    row: gr.Row
    before: gr.Button
    place: gr.HTML
    after: gr.Button

    def parts(self) -> list[Any]:
        return [self.row, self.before, self.place, self.after]

    def shown(self, conversation: Conversation) -> Updates:
        told = which(conversation)
        return {
            self.row: gr.update(visible=True if told else "hidden"),
            self.place: plain(told, "reply-place") if told else "",
        }

    def hidden(self) -> Updates:
        return {self.row: gr.update(visible="hidden"), self.place: ""}


def lay_out_alternatives() -> Alternatives:
    with gr.Row(visible="hidden", elem_id="alternatives") as row:
        before = gr.Button("‹ Previous", size="sm", elem_id="reply-before", min_width=90, scale=0)
        place = gr.HTML(elem_id="reply-place")
        after = gr.Button("Next ›", size="sm", elem_id="reply-after", min_width=90, scale=0)
    return Alternatives(row, before, place, after)


def step(chat: Chat, conversation_id: str, by: int) -> None:
    """Show the next reply, or the one before; behind the last comes the first. The conversation goes on from it."""
    conversation = chat.get(conversation_id)
    if not which(conversation):
        return
    found = conversation.alternatives(len(conversation.turns) - 1)
    there = found.index(conversation.turns[-1])
    chat.choose(conversation_id, found[(there + by) % len(found)].number)
