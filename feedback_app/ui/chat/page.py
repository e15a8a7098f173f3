"""Chat: conversations that are kept, with any version."""

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from feedback_app.domain.comparison import InvalidPrompt
from feedback_app.domain.conversation import Conversation, chosen
from feedback_app.domain.persona import Persona
from feedback_app.errors import AppError
from feedback_app.services.bundle import Services
from feedback_app.services.generation.batch import GenerationFailed
from feedback_app.services.generation.versions import ALIASES
from feedback_app.ui.chat import alternatives as chat_alternatives
from feedback_app.ui.chat import marks as chat_marks
from feedback_app.ui.chat import side_by_side as chat_beside
from feedback_app.ui.chat import switch as chat_switch
from feedback_app.ui.chat.layout import ChatScreen
from feedback_app.ui.chat.view import (
    ALONE,
    about,
    greeting,
    listed,
    messages,
    problem_line,
    thumbs,
    title,
    unanswered,
    writing_line,
)
from feedback_app.ui.gradio_workarounds.latest import Latest
from feedback_app.ui.shared.guard import Updates, error_line
from feedback_app.ui.shared.text import alert, notice
from feedback_app.ui.shared.version_words import model_choices, version_badge, version_choices
from feedback_app.ui.shared.wiring import at_most


class ChatPage:
    """What the buttons do. The database is the state: the page holds the conversation's id only."""

    def __init__(self, services: Services, screen: ChatScreen) -> None:
        self._services = services
        self._chat = services.chat
        self._screen = screen
        self._latest = Latest()
        self.beside = chat_beside.BesidePage(services, screen, self._opened)
        self.switching = chat_switch.Switching(services, screen, self._opened)

    def arrive(self, request: gr.Request) -> Updates:
        """Where a refresh goes on: what the address names, or else the conversation used last."""
        kept = [conversation.id for conversation in self._chat.list()]
        named = request.query_params.get("c", "")
        current = named if named in kept else next(iter(kept), "")
        models = self._services.models
        begun = self._preferred()
        choices = model_choices(models, begun[self._screen.model])
        on = {part: gr.update(interactive=True) for part in (*self._screen.entry(), self._screen.search)}
        chosen = {
            self._screen.model: gr.update(choices=choices, value=begun[self._screen.model]),
            self._screen.persona: gr.update(value=begun[self._screen.persona]),
            self._screen.beside: gr.update(
                choices=[ALONE, *version_choices(models)],
                value="",
                visible=True if len(models.versions()) > 1 else "hidden",
            ),
        }
        connect = self._screen.connect.filled(request)
        return {**chosen, **on, **connect, **self._opened(current)}

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
        yield {**self._headed(conversation), **self.switching.chosen(conversation)}
        if self.beside.two(current):
            yield from self.beside.shown(current)
            return
        if self._chat.writing(current) and conversation.turns and conversation.turns[-1].role == "user":
            yield {**self._framed(conversation, writing=""), **self._line(writing_line(candidates))}
            try:
                for text in at_most(
                    chat_beside.STREAM_SECONDS, self._chat.answer(current, max(candidates, 1))
                ):
                    yield {self._screen.transcript: messages(conversation, text)}
            except (InvalidPrompt, GenerationFailed):  # finished between the two looks; or told of below
                pass
            conversation = self._chat.get(current)
        yield {**self._framed(conversation, None), **self._ended(conversation)}

    def _ended(self, conversation: Conversation) -> Updates:
        """Why there is no reply, or what it was chosen from."""
        missing, problem = unanswered(conversation), self._chat.problem(conversation.id)
        if missing and problem:
            return {self._screen.line: alert(problem_line(problem))}
        return self._line(missing or chosen(conversation))

    def _line(self, told: str) -> Updates:
        """What is told; where nothing is, what another act has said stays."""
        return {self._screen.line: notice(told)} if told else {}

    def choose(self, chosen: str | None, words: str) -> Updates:
        return {self._screen.beside: "", **self._opened(chosen or "", words)}

    def new(self) -> Updates:
        """An empty page; the conversation is begun with its first message."""
        return {self._screen.search: "", **self._preferred(), **self._opened("")}

    def say(self, current: str, text: str, model: str, beside: str, persona: str, best_of: int) -> Updates:
        """Keep the message and begin the reply, in a new conversation where none is open; of two versions where one is
        chosen to stand beside."""
        self._chat.check(best_of)
        self.beside.check(current, model, beside, best_of)
        conversation_id = current or (self._chat.begin(model, persona).id if text.strip() else "")
        if not self.beside.say(conversation_id, text, beside):
            self._chat.say(conversation_id, text, best_of)
        return {self._screen.sent: "", **self._opened(conversation_id)}

    def send(self, current: str, text: str, *chosen: Any) -> Updates:
        """`say`, or why not: the message is then told back, for the box."""
        try:
            return {self._screen.line: "", **self.say(current, text, *chosen)}
        except AppError as error:
            return {self._screen.sent: text, self._screen.line: error_line(error)}

    def regenerate(self, current: str, best_of: int) -> Updates:
        """The button is off until `show` has shown the new reply: a click before would meet a service that is at work."""
        if self.beside.two(current):
            self._services.side_by_side.regenerate(current)
        else:
            self._chat.regenerate(current, best_of)
        return {**self._opened(current), self._screen.again: gr.update(interactive=False)}

    def reply_before(self, current: str) -> Updates:
        chat_alternatives.step(self._chat, current, -1)
        return self._opened(current)

    def reply_after(self, current: str) -> Updates:
        chat_alternatives.step(self._chat, current, 1)
        return self._opened(current)

    def stop(self, current: str) -> Updates:
        if self.beside.two(current):
            self._services.side_by_side.stop(current)
        else:
            self._chat.stop(current)
        return {self._screen.stop: gr.update(interactive=False)}

    def rename(self, current: str, name: str) -> Updates:
        if current and name.strip():
            self._chat.rename(current, name)
        return self._opened(current)

    def about_to_delete(self, current: str) -> str:
        if not current:
            return ""
        conversation = self._chat.get(current)
        what = ", what both versions said" if conversation.beside else ""
        return f"Delete “{title(conversation)}”{what} and its ratings? This cannot be undone."

    def delete(self, current: str) -> Updates:
        self._chat.delete(current)
        left = self._chat.list()
        shut = {**self._screen.confirm.shut(), self._screen.beside: ""}
        return {**shut, **self._opened(left[0].id if left else "")}

    def edit(self, current: str, change: gr.EditData) -> Updates:
        """The owner's words in place of a reply; their own messages stay as they were sent."""
        told = chat_marks.edit(self._chat, current, change)
        return {**self._opened(current), self._screen.line: told}

    def rank(self, current: str) -> Updates:
        """Fresh replies to the last message, side by side in the arena."""
        opened = self._services.arena.open(self._chat.prompt(current))
        return {self._screen.goal: opened.id}

    def search(self, current: str, words: str) -> Updates:
        """Only the conversations with these words; the one that is open stays open."""
        found = [listed(conversation) for conversation in self._chat.list(words=words)]
        shown = current if current in {key for _, key in found} else None
        none = notice("No conversation has these words.") if words.strip() and not found else ""
        return {
            self._screen.listing: gr.update(choices=found, value=shown),
            self._screen.found: none,
        }

    def rate(self, current: str, thumb: gr.LikeData) -> Updates:
        told = chat_marks.rate(self._chat, current, thumb)
        return {**self._opened(current), self._screen.line: told} if told else {}

    def _opened(self, current: str, words: str = "") -> Updates:
        """Show a conversation, and the list of those with the words that were searched for, with it chosen."""
        choices = [listed(conversation) for conversation in self._chat.list(words=words)]
        screen = self._screen
        return {
            screen.current: current,
            screen.wake: f"{current} {time.time_ns()}",
            screen.listing: gr.update(choices=choices, value=current or None),
            **screen.switch.shut(),
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
            **self._headed(conversation),
            **self.beside.alone(),
            **(screen.alternatives.hidden() if busy else screen.alternatives.shown(conversation)),
            screen.transcript: shown,
            screen.stop: gr.update(interactive=busy),
            screen.again: gr.update(interactive=not busy and bool(conversation.turns)),
            screen.rank: gr.update(interactive=not busy and bool(conversation.turns)),
        }

    def _headed(self, conversation: Conversation) -> Updates:
        """What is the same for one version and two."""
        screen, on = self._screen, gr.update(interactive=True)
        return {
            screen.about: about(conversation, self._personas(), self._badge(conversation)),
            screen.name: conversation.title,
            screen.delete: on,
            screen.rename: on,
        }

    def _blank(self, persona: str) -> Updates:
        screen, off = self._screen, gr.update(interactive=False)
        greeted = greeting(self._personas().get(persona))
        return {
            **self.beside.alone(),
            **screen.alternatives.hidden(),
            screen.about: "",
            screen.transcript: gr.update(value=[], placeholder=greeted),
            screen.name: "",
            screen.stop: off,
            screen.again: off,
            screen.rank: off,
            screen.delete: off,
            screen.rename: off,
        }

    def _preferred(self) -> Updates:
        """What a new conversation begins with, as the Settings page has it."""
        preferences, models = self._services.preferences.get(), self._services.models
        known = preferences.model in (*ALIASES, *models.versions())
        model = preferences.model if known else ALIASES[0]
        return {self._screen.model: model, self._screen.persona: preferences.persona}

    def _badge(self, conversation: Conversation) -> str:
        return version_badge(self._services.models, conversation.model)

    def _personas(self) -> dict[str, Persona]:
        return {persona.id: persona for persona in self._services.personas()}
