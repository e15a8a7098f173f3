"""Chat: conversations that are kept, with any version."""

import time
from collections.abc import Iterator
from typing import Literal

import gradio as gr

from feedback_app.domain.comparison import InvalidPrompt
from feedback_app.domain.conversation import Conversation, chosen
from feedback_app.domain.persona import Persona
from feedback_app.services.bundle import Services
from feedback_app.services.generation import GenerationFailed
from feedback_app.ui.chat_layout import ChatScreen, lay_out
from feedback_app.ui.chat_view import (
    about,
    greeting,
    messages,
    model_choices,
    thumbs,
    title,
    unanswered,
    writing_line,
)
from feedback_app.ui.confirm import PRIVATE, asks
from feedback_app.ui.guard import Updates, guarded, guarded_stream
from feedback_app.ui.latest import Latest
from feedback_app.ui.text import notice
from feedback_app.ui.wiring import REMEMBER_OPEN, at_most

STREAM_SECONDS = 0.08


class ChatPage:
    """What the buttons do. The database is the state: the page holds the conversation's id only."""

    def __init__(self, services: Services, screen: ChatScreen) -> None:
        self._services = services
        self._chat = services.chat
        self._screen = screen
        self._latest = Latest()

    def arrive(self, request: gr.Request) -> Updates:
        """Where a refresh goes on: what the address names, or else the conversation used last."""
        listed = self._chat.list()
        named = request.query_params.get("c", "")
        known = {conversation.id for conversation in listed}
        current = named if named in known else listed[0].id if listed else ""
        models = self._services.models
        choices = model_choices(models.versions(), models.aliases())
        # Off until here: a message sent before would be lost to the conversation that is opened now.
        on = {part: gr.update(interactive=True) for part in (self._screen.text, self._screen.new)}
        return {self._screen.model: gr.update(choices=choices), **on, **self._opened(current)}

    def show(self, current: str, persona: str, request: gr.Request) -> Iterator[Updates]:
        """The transcript, growing while a reply is written."""
        yield from self._latest.only(request, self._shown(current, persona))

    def leave(self, request: gr.Request) -> None:
        self._latest.forget(request)

    def _shown(self, current: str, persona: str) -> Iterator[Updates]:
        if not current:
            yield self._blank(persona)
            return
        conversation, candidates = self._chat.get(current), self._chat.candidates(current)
        if self._chat.writing(current) and conversation.turns and conversation.turns[-1].role == "user":
            yield {**self._framed(conversation, writing=""), **self._line(writing_line(candidates))}
            try:
                for text in at_most(STREAM_SECONDS, self._chat.answer(current, max(candidates, 1))):
                    yield {self._screen.transcript: messages(conversation, text)}
            except InvalidPrompt:  # the reply was finished between the two looks
                pass
            except GenerationFailed:
                yield self._framed(conversation, None)
                raise
            conversation = self._chat.get(current)
        told = unanswered(conversation) or chosen(conversation)
        yield {**self._framed(conversation, None), **self._line(told)}

    def _line(self, told: str) -> Updates:
        """What is told; where nothing is, what another act has said stays."""
        return {self._screen.line: notice(told)} if told else {}

    def choose(self, chosen: str | None) -> Updates:
        return self._opened(chosen or "")

    def new(self) -> Updates:
        """An empty page; the conversation is begun with its first message."""
        return self._opened("")

    def say(self, current: str, text: str, model: str, persona: str, best_of: int) -> Updates:
        """Keep the message and begin the reply, in a new conversation where none is open."""
        self._chat.check(best_of)
        conversation_id = current or (self._chat.begin(model, persona).id if text.strip() else "")
        self._chat.say(conversation_id, text, best_of)
        return {self._screen.text: "", **self._opened(conversation_id)}

    def regenerate(self, current: str, best_of: int) -> Updates:
        self._chat.regenerate(current, best_of)
        return self._opened(current)

    def stop(self, current: str) -> Updates:
        self._chat.stop(current)
        return {self._screen.stop: gr.update(interactive=False)}

    def rename(self, current: str, name: str) -> Updates:
        if current and name.strip():
            self._chat.rename(current, name)
        return self._opened(current)

    def about_to_delete(self, current: str) -> str:
        return (
            f"Delete “{title(self._chat.get(current))}” and its ratings? This cannot be undone."
            if current
            else ""
        )

    def delete(self, current: str) -> Updates:
        self._chat.delete(current)
        listed = self._chat.list()
        return {**self._screen.confirm.shut(), **self._opened(listed[0].id if listed else "")}

    def rate(self, current: str, thumb: gr.LikeData) -> Updates:
        index = thumb.index if isinstance(thumb.index, int) else thumb.index[0]
        value: Literal[1, -1] | None = 1 if thumb.liked is True else -1 if thumb.liked is False else None
        self._chat.rate(current, index, value)
        return {}

    def _opened(self, current: str) -> Updates:
        """Show a conversation, and the list with it chosen."""
        listed = [(title(conversation), conversation.id) for conversation in self._chat.list()]
        screen = self._screen
        return {
            screen.current: current,
            screen.wake: f"{current} {time.time_ns()}",
            screen.listing: gr.update(choices=listed, value=current or None),
        }

    def _framed(self, conversation: Conversation, writing: str | None) -> Updates:
        screen, busy = self._screen, writing is not None
        personas = self._personas()
        shown = gr.update(
            value=messages(conversation, writing),
            feedback_value=thumbs(conversation),
            placeholder=greeting(personas.get(conversation.persona)),
        )
        return {
            screen.about: about(conversation, personas, self._services.models.aliases()),
            screen.transcript: shown,
            screen.name: conversation.title,
            screen.stop: gr.update(interactive=busy),
            screen.again: gr.update(interactive=not busy and bool(conversation.turns)),
            screen.delete: gr.update(interactive=True),
            screen.rename: gr.update(interactive=True),
        }

    def _blank(self, persona: str) -> Updates:
        screen, off = self._screen, gr.update(interactive=False)
        greeted = greeting(self._personas().get(persona))
        return {
            screen.about: "",
            screen.transcript: gr.update(value=[], placeholder=greeted),
            screen.name: "",
            screen.stop: off,
            screen.again: off,
            screen.delete: off,
            screen.rename: off,
        }

    def _personas(self) -> dict[str, Persona]:
        return {persona.id: persona for persona in self._services.personas()}


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    choices = [(f"{persona.name}: {persona.description}", persona.id) for persona in services.personas()]
    screen = lay_out(choices, services.default_persona)
    page = ChatPage(services, screen)
    outputs = screen.outputs()
    screen.wake.change(
        guarded_stream(screen.line, page.show),
        [screen.current, screen.persona],
        outputs,
        trigger_mode="multiple",
        **PRIVATE,
    )
    screen.current.change(None, screen.current, None, js=REMEMBER_OPEN)
    demo.unload(page.leave)
    demo.load(page.arrive, None, outputs, **PRIVATE)
    spoken = [screen.current, screen.text, screen.model, screen.persona, screen.best_of]
    for listen, act, inputs in (
        (screen.text.submit, page.say, spoken),
        (screen.new.click, page.new, None),
        (screen.listing.input, page.choose, [screen.listing]),
        (screen.again.click, page.regenerate, [screen.current, screen.best_of]),
        (screen.rename.click, page.rename, [screen.current, screen.name]),
        (screen.confirm.yes.click, page.delete, [screen.current]),
    ):
        listen(guarded(screen.line, act), inputs, outputs, **PRIVATE)
    screen.stop.click(guarded(screen.line, page.stop), [screen.current], outputs, **PRIVATE)
    screen.transcript.like(guarded(screen.line, page.rate), [screen.current], outputs, **PRIVATE)
    screen.persona.input(_wake, None, screen.wake, **PRIVATE)
    asks(screen.delete, screen.confirm, page.about_to_delete, [screen.current])


def _wake() -> str:
    return str(time.time_ns())
