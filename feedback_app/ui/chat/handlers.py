"""What the events of the Chat page do. The database holds the state; the page only knows the id of the open conversation."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from feedback_app.domain.comparison import InvalidPrompt
from feedback_app.domain.conversation import Conversation, chosen
from feedback_app.domain.persona import Persona
from feedback_app.errors import AppError
from feedback_app.services.arena.arena import Arena
from feedback_app.services.chat.chat import Chat
from feedback_app.services.chat.side_by_side import SideBySide
from feedback_app.services.generation.batch import GenerationFailed
from feedback_app.services.generation.versions import ALIASES, Models
from feedback_app.services.system.preferences import PreferenceBook
from feedback_app.ui.chat import replies
from feedback_app.ui.chat.layout import ChatScreen
from feedback_app.ui.chat.side_by_side import STREAM_SECONDS, SideBySideHandlers
from feedback_app.ui.chat.view import (
    ONE_VERSION,
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


@dataclass(frozen=True, slots=True)
class ChatServices:
    """The services that the Chat page uses. `personas` reads the persona files at each call."""

    chat: Chat
    side_by_side: SideBySide
    arena: Arena
    models: Models
    preferences: PreferenceBook
    personas: Callable[[], list[Persona]]


class ChatHandlers:
    """Each handler returns the updates of the elements that it changes."""

    def __init__(self, services: ChatServices, screen: ChatScreen) -> None:
        self._services = services
        self._chat = services.chat
        self._screen = screen
        self._latest = Latest()
        self.side_by_side = SideBySideHandlers(
            services.side_by_side, services.chat, services.models, screen, self._opened
        )
        self.conversation_switch = replies.ConversationSwitch(
            services.chat, services.models, services.personas, screen, self._opened
        )

    def arrive(self, request: gr.Request) -> Updates:
        """The page was opened: show the conversation in its address, or else the one used last."""
        ids = [conversation.id for conversation in self._chat.list()]
        named = request.query_params.get("c", "")
        current = named if named in ids else next(iter(ids), "")
        models = self._services.models
        preferred = self._preferred()
        choices = model_choices(models, preferred[self._screen.model])
        on = {part: gr.update(interactive=True) for part in (*self._screen.entry(), self._screen.search)}
        chosen = {
            self._screen.model: gr.update(choices=choices, value=preferred[self._screen.model]),
            self._screen.persona: gr.update(value=preferred[self._screen.persona]),
            self._screen.second_version: gr.update(
                choices=[ONE_VERSION, *version_choices(models)],
                value="",
                visible=True if len(models.versions()) > 1 else "hidden",
            ),
        }
        connect = self._screen.connect.filled(request)
        return {**chosen, **on, **connect, **self._opened(current)}

    def show(self, current: str, persona: str, request: gr.Request) -> Iterator[Updates]:
        """The transcript, again and again while a reply is written."""
        yield from self._latest.only(request, self._shown(current, persona))

    def leave(self, request: gr.Request) -> None:
        self._latest.forget(request)

    def _shown(self, current: str, persona: str) -> Iterator[Updates]:
        if not current:
            yield self._blank(persona)
            return
        conversation, candidates = self._chat.get(current), self._chat.candidates(current)
        yield {**self._headed(conversation), **self.conversation_switch.choices_of(conversation)}
        if self.side_by_side.two(current):
            yield from self.side_by_side.shown(current)
            return
        if self._chat.writing(current) and conversation.turns and conversation.turns[-1].role == "user":
            yield {**self._framed(conversation, writing=""), **self._line(writing_line(candidates))}
            try:
                for text in at_most(STREAM_SECONDS, self._chat.answer(current, max(candidates, 1))):
                    yield {self._screen.transcript: messages(conversation, text)}
            except (InvalidPrompt, GenerationFailed):  # it ended in between, or the line below says why
                pass
            conversation = self._chat.get(current)
        yield {**self._framed(conversation, None), **self._ended(conversation)}

    def _ended(self, conversation: Conversation) -> Updates:
        """Why there is no reply, or how it was chosen."""
        missing, problem = unanswered(conversation), self._chat.problem(conversation.id)
        if missing and problem:
            return {self._screen.line: alert(problem_line(problem))}
        return self._line(missing or chosen(conversation))

    def _line(self, text: str) -> Updates:
        """Without a text, the line keeps what it shows."""
        return {self._screen.line: notice(text)} if text else {}

    def choose(self, chosen: str | None, words: str) -> Updates:
        return {self._screen.second_version: "", **self._opened(chosen or "", words)}

    def new(self) -> Updates:
        """An empty page. A conversation begins with its first message."""
        return {self._screen.search: "", **self._preferred(), **self._opened("")}

    def say(
        self, current: str, text: str, model: str, second_version: str, persona: str, best_of: int
    ) -> Updates:
        """Save the message and start the reply, in a new conversation if none is open. With a second version, both reply."""
        self._chat.check(best_of)
        self.side_by_side.check(current, model, second_version, best_of)
        conversation_id = current or (self._chat.begin(model, persona).id if text.strip() else "")
        if not self.side_by_side.say(conversation_id, text, second_version):
            self._chat.say(conversation_id, text, best_of)
        return {self._screen.sent: "", **self._opened(conversation_id)}

    def send(self, current: str, text: str, *chosen: Any) -> Updates:
        """Like `say`. If the message is refused, the line says why and the message comes back into the box."""
        try:
            return {self._screen.line: "", **self.say(current, text, *chosen)}
        except AppError as error:
            return {self._screen.sent: text, self._screen.line: error_line(error)}

    def regenerate(self, current: str, best_of: int) -> Updates:
        """The button is off until `show` has shown the new reply: a click before that would be refused."""
        if self.side_by_side.two(current):
            self._services.side_by_side.regenerate(current)
        else:
            self._chat.regenerate(current, best_of)
        return {**self._opened(current), self._screen.again: gr.update(interactive=False)}

    def previous_reply(self, current: str) -> Updates:
        replies.step(self._chat, current, -1)
        return self._opened(current)

    def next_reply(self, current: str) -> Updates:
        replies.step(self._chat, current, 1)
        return self._opened(current)

    def stop(self, current: str) -> Updates:
        if self.side_by_side.two(current):
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
        of_both = ", the replies of both versions" if conversation.beside else ""
        return f"Delete “{title(conversation)}”{of_both} and its ratings? This cannot be undone."

    def delete(self, current: str) -> Updates:
        self._chat.delete(current)
        left = self._chat.list()
        shut = {**self._screen.confirm.closed(), self._screen.second_version: ""}
        return {**shut, **self._opened(left[0].id if left else "")}

    def edit(self, current: str, change: gr.EditData) -> Updates:
        """Replace a reply by the owner's version."""
        line = replies.edit(self._chat, current, change)
        return {**self._opened(current), self._screen.line: line}

    def rank(self, current: str) -> Updates:
        """Fresh replies to the last message, to be ranked in the arena."""
        opened = self._services.arena.open(self._chat.prompt(current))
        return {self._screen.to_rank: opened.id}

    def search(self, current: str, words: str) -> Updates:
        """List only the conversations with these words. The open one stays open."""
        matching = [listed(conversation) for conversation in self._chat.list(words=words)]
        shown = current if current in {key for _, key in matching} else None
        none = notice("No conversation has these words.") if words.strip() and not matching else ""
        return {
            self._screen.listing: gr.update(choices=matching, value=shown),
            self._screen.search_result: none,
        }

    def rate(self, current: str, thumb: gr.LikeData) -> Updates:
        alert_line = replies.rate(self._chat, current, thumb)
        return {**self._opened(current), self._screen.line: alert_line} if alert_line else {}

    def _opened(self, current: str, words: str = "") -> Updates:
        """Draw a conversation, and select it in the list of those with the words."""
        choices = [listed(conversation) for conversation in self._chat.list(words=words)]
        screen = self._screen
        return {
            screen.current: current,
            screen.redraw: f"{current} {time.time_ns()}",
            screen.listing: gr.update(choices=choices, value=current or None),
            **screen.switch.hidden(),
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
            **self.side_by_side.alone(),
            **(screen.alternatives.hidden() if busy else screen.alternatives.shown(conversation)),
            screen.transcript: shown,
            screen.stop: gr.update(interactive=busy),
            screen.again: gr.update(interactive=not busy and bool(conversation.turns)),
            screen.rank: gr.update(interactive=not busy and bool(conversation.turns)),
        }

    def _headed(self, conversation: Conversation) -> Updates:
        """The parts that are the same for one version and for two."""
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
            **self.side_by_side.alone(),
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
        """Version and persona of a new conversation, as set on the Settings page."""
        preferences, models = self._services.preferences.get(), self._services.models
        known = preferences.model in (*ALIASES, *models.versions())
        model = preferences.model if known else ALIASES[0]
        return {self._screen.model: model, self._screen.persona: preferences.persona}

    def _badge(self, conversation: Conversation) -> str:
        return version_badge(self._services.models, conversation.model)

    def _personas(self) -> dict[str, Persona]:
        return {persona.id: persona for persona in self._services.personas()}
