"""Chat with two versions beside each other: what the page shows of them, and what its buttons do."""

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from feedback_app.domain.comparison import InvalidPrompt
from feedback_app.domain.conversation import Conversation, same_context
from feedback_app.services.bundle import Services
from feedback_app.services.chat.side_by_side import Better, Pair
from feedback_app.ui.chat import marks as chat_marks
from feedback_app.ui.chat.layout import ChatScreen
from feedback_app.ui.chat.threads import Thread
from feedback_app.ui.chat.view import answers, messages, problem_line, thumbs, unanswered
from feedback_app.ui.shared.confirm import PRIVATE
from feedback_app.ui.shared.guard import Updates, guarded
from feedback_app.ui.shared.text import alert, notice, plain, sentence
from feedback_app.ui.shared.version_words import version_badge

STREAM_SECONDS = 0.08
ONE_EACH = "set “Best of” to 1: two versions write one reply each"
QUESTION = "Which is better?"
PARTED = "Each version now goes on from its own reply, so these two replies cannot be compared. Thumbs still count."
KEPT = "Saved as a ranking. It does not count on the leaderboard, because you saw the versions' names. You can change your answer."
GOES_ON = "{here} goes on alone. The conversation with {other} is in the list, on its own."


def said(pair: Pair, better: Better | None, left: str, right: str) -> str:
    """The question, or what was answered, or why it is not asked; as HTML. `left` and `right` are what the versions are called."""
    if better is None:
        return plain(QUESTION if same_context(*pair.both) else PARTED, "which")
    told = {
        "left": f"{left} is better",
        "right": f"{right} is better",
        "tie": "a tie",
        "bad": "both bad",
    }
    return notice(f"You said: {told[better]}. {KEPT}")


class BesidePage:
    """`opened` shows a conversation afresh."""

    def __init__(self, services: Services, screen: ChatScreen, opened: Callable[[str], Updates]) -> None:
        self._beside = services.side_by_side
        self._chat = services.chat
        self._models = services.models
        self._screen = screen
        self._threads = screen.threads
        self._opened = opened

    def check(self, current: str, model: str, version: str, best_of: int) -> None:
        """Whether two versions can answer, where they are to. Raises InvalidPrompt, UnknownModel."""
        if not version and not self.two(current):
            return
        if best_of > 1:
            raise InvalidPrompt(ONE_EACH)
        if not current:
            self._beside.check(model, version)

    def two(self, current: str) -> bool:
        """Whether two versions answer there."""
        return bool(current) and self._chat.get(current).beside is not None

    def say(self, current: str, text: str, version: str) -> bool:
        """Have both answer, where there are two or one is to join; False: there is one alone."""
        if not self.two(current):
            if not version or not text.strip():
                return False
            self._beside.join(current, version)
        self._beside.say(current, text)
        return True

    def shown(self, current: str) -> Iterator[Updates]:
        """Both transcripts, growing while replies are written."""
        pair, threads = self._beside.pair(current), self._threads
        if self._beside.writing(pair):
            yield self._framed(pair, busy=True)
            for left, right in self._beside.watch(pair, STREAM_SECONDS):
                yield {
                    threads.left.transcript: messages(left.conversation, left.writing),
                    threads.right.transcript: messages(right.conversation, right.writing),
                }
            pair = self._beside.pair(current)
        yield {**self._framed(pair, busy=False), **self._line(pair)}

    def alone(self) -> Updates:
        """Nothing beside."""
        threads, off = self._threads, gr.update(visible="hidden")
        return {
            threads.left.heading: "",
            threads.left.keep: off,
            threads.right.column: off,
            threads.right.transcript: gr.update(value=[]),
            threads.verdict: off,
            self._screen.beside: gr.update(interactive=True),
            self._screen.best_of: gr.update(interactive=True),
        }

    def choose(self, version: str) -> Updates:
        """Whether a second version is to answer."""
        on = gr.update(interactive=True)
        return {self._screen.best_of: gr.update(value=1, interactive=False) if version else on}

    def keep_left(self, current: str) -> Updates:
        return self._keep(current, self._beside.pair(current).left)

    def keep_right(self, current: str) -> Updates:
        return self._keep(current, self._beside.pair(current).right)

    def rank(self, current: str, better: Better) -> Updates:
        self._beside.rank(current, better)
        return self._opened(current)

    def rate(self, current: str, thumb: gr.LikeData) -> Updates:
        told = chat_marks.rate(self._chat, self._beside.pair(current).right.id, thumb)
        return {**self._opened(current), self._screen.line: told} if told else {}

    def edit(self, current: str, change: gr.EditData) -> Updates:
        told = chat_marks.edit(self._chat, self._beside.pair(current).right.id, change)
        return {**self._opened(current), self._screen.line: told}

    def _keep(self, current: str, kept: Conversation) -> Updates:
        pair = self._beside.pair(current)
        here = self._beside.keep(current, kept.id)
        other = pair.right if here.id == pair.left.id else pair.left
        names = {"here": sentence(self._called(here)), "other": self._called(other)}
        told = notice(GOES_ON.format(**names))
        return {self._screen.beside: "", **self._opened(here.id), self._screen.line: told}

    def _line(self, pair: Pair) -> Updates:
        """Why a version has not answered; where both have, what another act has said stays."""
        told = []
        for one in pair.both:
            if missing := unanswered(one):
                problem = self._chat.problem(one.id)
                told.append(f"{sentence(self._called(one))}: {problem_line(problem) if problem else missing}")
        return {self._screen.line: alert(" ".join(told))} if told else {}

    def _framed(self, pair: Pair, busy: bool) -> Updates:
        screen, threads = self._screen, self._threads
        return {
            **screen.alternatives.hidden(),
            **self._side(threads.left, pair.left, busy),
            **self._side(threads.right, pair.right, busy),
            screen.stop: gr.update(interactive=busy),
            screen.again: gr.update(interactive=not busy),
            screen.rank: gr.update(interactive=False),
            screen.beside: gr.update(value=pair.right.model, interactive=False),
            screen.best_of: gr.update(value=1, interactive=False),
            **self._which(pair, busy),
        }

    def _side(self, thread: Thread, conversation: Conversation, busy: bool) -> Updates:
        writing = self._chat.partial_reply(conversation.id)
        shown = gr.update(value=messages(conversation, writing), feedback_value=thumbs(conversation))
        label = f"Keep this one: {self._called(conversation)}"
        return {
            thread.column: gr.update(visible=True),
            thread.heading: answers(conversation, version_badge(self._models, conversation.model)),
            thread.transcript: shown,
            thread.keep: gr.update(visible=True, interactive=not busy, value=label),
        }

    def _called(self, conversation: Conversation) -> str:
        return self._models.called(conversation.model)

    def _which(self, pair: Pair, busy: bool) -> Updates:
        threads = self._threads
        both = not busy and not any(map(unanswered, pair.both)) and bool(pair.left.turns)
        on = gr.update(interactive=both and same_context(*pair.both))
        left, right = map(self._called, pair.both)
        return {
            threads.verdict: gr.update(visible=True if both else "hidden"),
            threads.said: said(pair, self._beside.verdict(pair), left, right) if both else "",
            threads.better_left: {**on, "value": f"{sentence(left)} is better"},
            threads.tie: on,
            threads.better_right: {**on, "value": f"{sentence(right)} is better"},
            threads.bad: on,
        }


def connect(page: BesidePage, screen: ChatScreen) -> None:
    """The events of what stands beside."""
    threads, outputs = screen.threads, screen.outputs()

    def ranks(better: Better) -> Callable[[str], Updates]:
        return lambda current: page.rank(current, better)

    acts: tuple[tuple[Any, Callable[..., Updates], gr.components.Component], ...] = (
        (screen.beside.input, page.choose, screen.beside),
        (threads.left.keep.click, page.keep_left, screen.current),
        (threads.right.keep.click, page.keep_right, screen.current),
        (threads.right.transcript.like, page.rate, screen.current),
        (threads.right.transcript.edit, page.edit, screen.current),
        (threads.better_left.click, ranks("left"), screen.current),
        (threads.tie.click, ranks("tie"), screen.current),
        (threads.better_right.click, ranks("right"), screen.current),
        (threads.bad.click, ranks("bad"), screen.current),
    )
    for listen, act, given in acts:
        listen(guarded(screen.line, act), [given], outputs, **PRIVATE)
