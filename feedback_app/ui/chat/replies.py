"""What a person does to the open conversation: rate or edit a reply, go to another reply, switch persona or version."""

import time
from collections.abc import Callable
from typing import Literal

import gradio as gr

from feedback_app.domain.conversation import Conversation
from feedback_app.domain.persona import Persona
from feedback_app.services.chat.chat import Busy, Chat
from feedback_app.services.generation.versions import ALIASES, Models
from feedback_app.store import InvalidRating
from feedback_app.ui.chat.layout import ChatScreen
from feedback_app.ui.chat.view import reply_position, unmarked
from feedback_app.ui.shared.guard import Updates, error_line
from feedback_app.ui.shared.text import alert, notice, typed

EDITED = "Saved. The next round can learn from your version."
OWN_MESSAGE = "Your own messages stay as they were sent. Write another one below."


def rate(chat: Chat, conversation_id: str, like: gr.LikeData) -> str:
    """Save the thumb. If it cannot be saved, an alert as HTML: the page shows the thumb then, and must be drawn again."""
    value: Literal[1, -1] | None = 1 if like.liked is True else -1 if like.liked is False else None
    try:
        chat.rate(conversation_id, _turn(like.index), value)
    except (Busy, InvalidRating) as error:
        return error_line(error)
    return ""


def edit(chat: Chat, conversation_id: str, change: gr.EditData) -> str:
    """Save the owner's version of a reply. Returns a notice as HTML, or an alert where there is nothing to edit: a message of their own,
    a reply that is still being written."""
    index = _turn(change.index)
    try:
        chat.check_idle(conversation_id)
    except Busy as error:
        return error_line(error)
    turns = chat.get(conversation_id).turns
    if index >= len(turns) or turns[index].role == "user":
        return alert(OWN_MESSAGE)
    chat.edit(conversation_id, index, typed(unmarked(str(change.value), turns[index].ending)))
    return notice(EDITED)


def _turn(index: int | tuple[int, int]) -> int:
    return index if isinstance(index, int) else index[0]


def step(chat: Chat, conversation_id: str, by: int) -> None:
    """Show the next reply (`by` 1) or the previous one (-1); after the last comes the first. The conversation continues from it."""
    conversation = chat.get(conversation_id)
    if not reply_position(conversation):
        return
    replies = conversation.alternatives(len(conversation.turns) - 1)
    shown = replies.index(conversation.turns[-1])
    chat.choose(conversation_id, replies[(shown + by) % len(replies)].number)


class ConversationSwitch:
    """Choosing another persona or version. In the middle of a conversation the page asks what to do. `opened` draws a conversation."""

    def __init__(
        self,
        chat: Chat,
        models: Models,
        personas: Callable[[], list[Persona]],
        screen: ChatScreen,
        opened: Callable[[str], Updates],
    ) -> None:
        self._chat = chat
        self._models = models
        self._personas = personas
        self._screen = screen
        self._opened = opened

    def choose_persona(self, current: str, persona: str) -> Updates:
        """On an empty page the persona greets; in a conversation the page asks."""
        if not current:
            return {self._screen.redraw: str(time.time_ns())}
        before = self._chat.get(current).persona
        if before == persona:
            return self._screen.switch.hidden()
        names = {known.id: known.name for known in self._personas()}
        return self._screen.switch.about_persona(names.get(before, before), names.get(persona, persona))

    def choose_model(self, current: str, model: str) -> Updates:
        """A conversation keeps its version; the page offers a new one."""
        models = self._models
        if not current or self._chat.get(current).model == models.resolve(model):
            return self._screen.switch.hidden()
        before, chosen = self._chat.get(current).model, models.resolve(model)
        return self._screen.switch.about_model(models.called(before), models.called(chosen))

    def switch_here(self, current: str, persona: str) -> Updates:
        """The conversation continues with that persona, also with two versions side by side."""
        self._chat.switch(current, persona)
        return self._opened(current)

    def start_new(self) -> Updates:
        """An empty page, with the choices as they are."""
        return self._opened("")

    def keep(self, current: str) -> Updates:
        """The choices go back to those of the conversation."""
        if not current:
            return self._screen.switch.hidden()
        return {**self._screen.switch.hidden(), **self.choices_of(self._chat.get(current))}

    def choices_of(self, conversation: Conversation) -> Updates:
        """Persona and version of that conversation, in the dropdowns."""
        known = {*ALIASES, *self._models.versions()}
        model = {self._screen.model: conversation.model} if conversation.model in known else {}
        return {self._screen.persona: conversation.persona, **model}
