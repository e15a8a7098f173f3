"""What happens where another persona or version is chosen in the middle of a conversation: the page asks."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from feedback_app.domain.conversation import Conversation
from feedback_app.services.bundle import Services
from feedback_app.services.generation.versions import ALIASES
from feedback_app.ui.shared.guard import Updates
from feedback_app.ui.shared.text import notice

if TYPE_CHECKING:
    from feedback_app.ui.chat.layout import ChatScreen


@dataclass(frozen=True, slots=True)
class Switch:
    """The question and its answers, hidden until something else is chosen."""

    row: gr.Column
    question: gr.HTML
    here: gr.Button
    fresh: gr.Button
    keep: gr.Button

    def parts(self) -> list[Any]:
        return [self.row, self.question, self.here, self.fresh, self.keep]

    def shut(self) -> Updates:
        return {self.row: gr.update(visible=False)}

    def asks_persona(self, before: str, chosen: str) -> Updates:
        question = (
            f"This conversation is with {before}. Should {chosen} answer from the next reply on? "
            f"Until you choose, {before} answers."
        )
        return {
            self.row: gr.update(visible=True),
            self.question: notice(question),
            self.here: gr.update(visible=True, value=f"Go on with {chosen}"),
            self.fresh: gr.update(value=f"New conversation with {chosen}"),
            self.keep: gr.update(value=f"Keep {before}"),
        }

    def asks_model(self, before: str, chosen: str) -> Updates:
        question = f"This conversation stays with {before}, the version it began with."
        return {
            self.row: gr.update(visible=True),
            self.question: notice(question),
            self.here: gr.update(visible=False),
            self.fresh: gr.update(value=f"New conversation with {chosen}"),
            self.keep: gr.update(value="Stay here"),
        }


def lay_out_switch() -> Switch:
    with gr.Column(visible=False, elem_id="switch", elem_classes=["confirm"]) as row:
        question = gr.HTML()
        with gr.Row():
            here = gr.Button("Go on", size="sm", elem_id="switch-here", min_width=90)
            fresh = gr.Button("New conversation", size="sm", elem_id="switch-new", min_width=90)
            keep = gr.Button("Keep", size="sm", elem_id="switch-keep", min_width=90)
    return Switch(row, question, here, fresh, keep)


class Switching:
    """What the choices of persona and version do. `opened` shows a conversation afresh."""

    def __init__(self, services: Services, screen: "ChatScreen", opened: Callable[[str], Updates]) -> None:
        self._services = services
        self._chat = services.chat
        self._screen = screen
        self._opened = opened

    def persona(self, current: str, persona: str) -> Updates:
        """Greets as the persona where nothing is open; asks where a conversation is."""
        if not current:
            return {self._screen.wake: str(time.time_ns())}
        before = self._chat.get(current).persona
        if before == persona:
            return self._screen.switch.shut()
        names = {known.id: known.name for known in self._services.personas()}
        return self._screen.switch.asks_persona(names.get(before, before), names.get(persona, persona))

    def model(self, current: str, model: str) -> Updates:
        models = self._services.models
        if not current or self._chat.get(current).model == models.resolve(model):
            return self._screen.switch.shut()
        before, chosen = self._chat.get(current).model, models.resolve(model)
        return self._screen.switch.asks_model(models.called(before), models.called(chosen))

    def here(self, current: str, persona: str) -> Updates:
        """Go on as that persona, beside each other too."""
        self._chat.switch(current, persona)
        return self._opened(current)

    def fresh(self) -> Updates:
        """An empty page, with what was chosen."""
        return self._opened("")

    def keep(self, current: str) -> Updates:
        if not current:
            return self._screen.switch.shut()
        return {**self._screen.switch.shut(), **self.chosen(self._chat.get(current))}

    def chosen(self, conversation: Conversation) -> Updates:
        """The choices as they are in that conversation."""
        known = {*ALIASES, *self._services.models.versions()}
        model = {self._screen.model: conversation.model} if conversation.model in known else {}
        return {self._screen.persona: conversation.persona, **model}
