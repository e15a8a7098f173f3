"""Which button of the chat page does what."""

import gradio as gr

from feedback_app.services.bundle import Services
from feedback_app.ui import chat_beside
from feedback_app.ui.chat_layout import ChatScreen, lay_out
from feedback_app.ui.chat_page import ChatPage
from feedback_app.ui.chat_view import persona_choices
from feedback_app.ui.confirm import PRIVATE, asks
from feedback_app.ui.guard import guarded, guarded_stream
from feedback_app.ui.wiring import REMEMBER_OPEN

TAKE_MESSAGE = "(text) => [text, '']"
"""The message leaves the box."""
GIVE_BACK = "(left, text) => ['', [left, text].filter(Boolean).join('\\n')]"
"""What could not be sent comes back, in front of what was typed since."""
GO_RANK = "(id) => { if (id) window.location.href = './?c=' + id; }"
"""Opens a comparison in the arena."""


def build(services: Services, demo: gr.Blocks) -> None:
    """Draw the page and connect it."""
    screen = lay_out(persona_choices(services.personas()), services.default_persona)
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
    _connect_sending(page, screen)
    for listen, act, inputs in (
        (screen.new.click, page.new, None),
        (screen.listing.input, page.choose, [screen.listing, screen.search]),
        (screen.search.change, page.search, [screen.current, screen.search]),
        (screen.rank.click, page.rank, [screen.current]),
        (screen.again.click, page.regenerate, [screen.current, screen.best_of]),
        (screen.rename.click, page.rename, [screen.current, screen.name]),
        (screen.confirm.yes.click, page.delete, [screen.current]),
        (screen.stop.click, page.stop, [screen.current]),
        (screen.transcript.like, page.rate, [screen.current]),
        (screen.transcript.edit, page.edit, [screen.current]),
        (screen.alternatives.before.click, page.reply_before, [screen.current]),
        (screen.alternatives.after.click, page.reply_after, [screen.current]),
        (screen.persona.input, page.switching.persona, [screen.current, screen.persona]),
        (screen.model.input, page.switching.model, [screen.current, screen.model]),
        (screen.switch.here.click, page.switching.here, [screen.current, screen.persona]),
        (screen.switch.fresh.click, page.switching.fresh, None),
        (screen.switch.keep.click, page.switching.keep, [screen.current]),
    ):
        listen(guarded(screen.line, act), inputs, outputs, **PRIVATE)
    screen.goal.change(None, screen.goal, None, js=GO_RANK)
    chat_beside.connect(page.beside, screen)
    asks(screen.delete, screen.confirm, page.about_to_delete, [screen.current])


def _connect_sending(page: ChatPage, screen: ChatScreen) -> None:
    """The message leaves the box at once, which is then free for the next one. It comes back where it could not be sent, also where
    the service did not answer."""
    spoken = [screen.current, screen.sent, screen.model, screen.beside, screen.persona, screen.best_of]
    both = [screen.sent, screen.text]
    sending = screen.text.submit(None, screen.text, both, js=TAKE_MESSAGE, **PRIVATE)
    sent = sending.then(page.send, spoken, screen.outputs(), **PRIVATE)
    sent.then(None, both, both, js=GIVE_BACK, **PRIVATE)
