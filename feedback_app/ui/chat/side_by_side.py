"""Chat with two versions side by side: what the page shows, and what its buttons do."""

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from feedback_app.domain.comparison import InvalidPrompt
from feedback_app.domain.conversation import Conversation, same_context
from feedback_app.services.chat.chat import Chat
from feedback_app.services.chat.side_by_side import Better, Pair, SideBySide
from feedback_app.services.generation.versions import Models
from feedback_app.ui.chat import replies
from feedback_app.ui.chat.layout import ChatScreen
from feedback_app.ui.chat.parts import Transcript
from feedback_app.ui.chat.view import messages, problem_line, thumbs, unanswered, version_heading
from feedback_app.ui.shared.confirm import EVENT_OPTIONS
from feedback_app.ui.shared.guard import Updates, guarded
from feedback_app.ui.shared.text import alert, notice, plain, sentence
from feedback_app.ui.shared.version_words import version_badge

STREAM_SECONDS = 0.08
ONE_EACH = "set “Best of” to 1: two versions write one reply each"
QUESTION = "Which is better?"
NOT_COMPARABLE = "Each version now continues from its own reply, so these two replies cannot be compared. Thumbs still count."
SAVED = "Saved as a ranking. It does not count on the leaderboard, because you saw the versions' names. You can change your answer."
KEPT_ONE = "{kept} continues alone. The conversation with {other} is in the list."


def outcome_line(pair: Pair, better: Better | None, left: str, right: str) -> str:
    """The question, or what was answered, or why it is not asked; as HTML. `left` and `right` are the names of the versions."""
    if better is None:
        return plain(QUESTION if same_context(*pair.both) else NOT_COMPARABLE, "which")
    answers = {
        "left": f"{left} is better",
        "right": f"{right} is better",
        "tie": "a tie",
        "bad": "both bad",
    }
    return notice(f"You said: {answers[better]}. {SAVED}")


class SideBySideHandlers:
    """What the events do where two versions answer. `opened` draws a conversation."""

    def __init__(
        self,
        side_by_side: SideBySide,
        chat: Chat,
        models: Models,
        screen: ChatScreen,
        opened: Callable[[str], Updates],
    ) -> None:
        self._side_by_side = side_by_side
        self._chat = chat
        self._models = models
        self._screen = screen
        self._transcripts = screen.transcripts
        self._opened = opened

    def check(self, current: str, model: str, version: str, best_of: int) -> None:
        """If two versions are to answer, whether they can. Raises InvalidPrompt, UnknownModel."""
        if not version and not self.two(current):
            return
        if best_of > 1:
            raise InvalidPrompt(ONE_EACH)
        if not current:
            self._side_by_side.check(model, version)

    def two(self, current: str) -> bool:
        """Whether two versions answer in this conversation."""
        return bool(current) and self._chat.get(current).beside is not None

    def say(self, current: str, text: str, version: str) -> bool:
        """Have both versions answer; `version` joins a conversation that has one. False: only one version answers."""
        if not self.two(current):
            if not version or not text.strip():
                return False
            self._side_by_side.join(current, version)
        self._side_by_side.say(current, text)
        return True

    def shown(self, current: str) -> Iterator[Updates]:
        """Both transcripts, as the replies are written."""
        pair, transcripts = self._side_by_side.pair(current), self._transcripts
        if self._side_by_side.writing(pair):
            yield self._framed(pair, busy=True)
            for left, right in self._side_by_side.watch(pair, STREAM_SECONDS):
                yield {
                    transcripts.left.chatbot: messages(left.conversation, left.writing),
                    transcripts.right.chatbot: messages(right.conversation, right.writing),
                }
            pair = self._side_by_side.pair(current)
        yield {**self._framed(pair, busy=False), **self._line(pair)}

    def alone(self) -> Updates:
        """Only one version."""
        transcripts, off = self._transcripts, gr.update(visible="hidden")
        return {
            transcripts.left.heading: "",
            transcripts.left.keep: off,
            transcripts.right.column: off,
            transcripts.right.chatbot: gr.update(value=[]),
            transcripts.vote: off,
            self._screen.second_version: gr.update(interactive=True),
            self._screen.best_of: gr.update(interactive=True),
        }

    def choose(self, version: str) -> Updates:
        """A second version was chosen, or none. Two versions write one reply each."""
        on = gr.update(interactive=True)
        return {self._screen.best_of: gr.update(value=1, interactive=False) if version else on}

    def keep_left(self, current: str) -> Updates:
        return self._keep(current, self._side_by_side.pair(current).left)

    def keep_right(self, current: str) -> Updates:
        return self._keep(current, self._side_by_side.pair(current).right)

    def rank(self, current: str, better: Better) -> Updates:
        self._side_by_side.rank(current, better)
        return self._opened(current)

    def rate(self, current: str, thumb: gr.LikeData) -> Updates:
        alert_line = replies.rate(self._chat, self._side_by_side.pair(current).right.id, thumb)
        return {**self._opened(current), self._screen.line: alert_line} if alert_line else {}

    def edit(self, current: str, change: gr.EditData) -> Updates:
        line = replies.edit(self._chat, self._side_by_side.pair(current).right.id, change)
        return {**self._opened(current), self._screen.line: line}

    def _keep(self, current: str, kept: Conversation) -> Updates:
        pair = self._side_by_side.pair(current)
        here = self._side_by_side.keep(current, kept.id)
        other = pair.right if here.id == pair.left.id else pair.left
        line = notice(KEPT_ONE.format(kept=sentence(self._called(here)), other=self._called(other)))
        return {self._screen.second_version: "", **self._opened(here.id), self._screen.line: line}

    def _line(self, pair: Pair) -> Updates:
        """Why a version has not answered. If both have, the line keeps what it shows."""
        lines = []
        for one in pair.both:
            if missing := unanswered(one):
                problem = self._chat.problem(one.id)
                lines.append(
                    f"{sentence(self._called(one))}: {problem_line(problem) if problem else missing}"
                )
        return {self._screen.line: alert(" ".join(lines))} if lines else {}

    def _framed(self, pair: Pair, busy: bool) -> Updates:
        screen, transcripts = self._screen, self._transcripts
        return {
            **screen.alternatives.hidden(),
            **self._side(transcripts.left, pair.left, busy),
            **self._side(transcripts.right, pair.right, busy),
            screen.stop: gr.update(interactive=busy),
            screen.again: gr.update(interactive=not busy),
            screen.rank: gr.update(interactive=False),
            screen.second_version: gr.update(value=pair.right.model, interactive=False),
            screen.best_of: gr.update(value=1, interactive=False),
            **self._which(pair, busy),
        }

    def _side(self, transcript: Transcript, conversation: Conversation, busy: bool) -> Updates:
        writing = self._chat.partial_reply(conversation.id)
        shown = gr.update(value=messages(conversation, writing), feedback_value=thumbs(conversation))
        label = f"Keep this one: {self._called(conversation)}"
        return {
            transcript.column: gr.update(visible=True),
            transcript.heading: version_heading(
                conversation, version_badge(self._models, conversation.model)
            ),
            transcript.chatbot: shown,
            transcript.keep: gr.update(visible=True, interactive=not busy, value=label),
        }

    def _called(self, conversation: Conversation) -> str:
        return self._models.called(conversation.model)

    def _which(self, pair: Pair, busy: bool) -> Updates:
        transcripts = self._transcripts
        both = not busy and not any(map(unanswered, pair.both)) and bool(pair.left.turns)
        on = gr.update(interactive=both and same_context(*pair.both))
        left, right = map(self._called, pair.both)
        return {
            transcripts.vote: gr.update(visible=True if both else "hidden"),
            transcripts.outcome: outcome_line(pair, self._side_by_side.outcome(pair), left, right)
            if both
            else "",
            transcripts.better_left: {**on, "value": f"{sentence(left)} is better"},
            transcripts.tie: on,
            transcripts.better_right: {**on, "value": f"{sentence(right)} is better"},
            transcripts.bad: on,
        }


def connect(handlers: SideBySideHandlers, screen: ChatScreen) -> None:
    """Connect the events of two versions side by side."""
    transcripts, outputs = screen.transcripts, screen.outputs()

    def ranks(better: Better) -> Callable[[str], Updates]:
        return lambda current: handlers.rank(current, better)

    events: tuple[tuple[Any, Callable[..., Updates], gr.components.Component], ...] = (
        (screen.second_version.input, handlers.choose, screen.second_version),
        (transcripts.left.keep.click, handlers.keep_left, screen.current),
        (transcripts.right.keep.click, handlers.keep_right, screen.current),
        (transcripts.right.chatbot.like, handlers.rate, screen.current),
        (transcripts.right.chatbot.edit, handlers.edit, screen.current),
        (transcripts.better_left.click, ranks("left"), screen.current),
        (transcripts.tie.click, ranks("tie"), screen.current),
        (transcripts.better_right.click, ranks("right"), screen.current),
        (transcripts.bad.click, ranks("bad"), screen.current),
    )
    for listen, handle, value in events:
        listen(guarded(screen.line, handle), [value], outputs, **EVENT_OPTIONS)
