"""Chat: conversations that are kept, with any version. Here the page is built and its events are connected to the handlers."""

import gradio as gr

from feedback_app.ui.chat import side_by_side
from feedback_app.ui.chat.handlers import ChatHandlers, ChatServices
from feedback_app.ui.chat.layout import ChatScreen, lay_out
from feedback_app.ui.chat.view import persona_choices
from feedback_app.ui.shared.confirm import EVENT_OPTIONS, connect_question
from feedback_app.ui.shared.guard import guarded, guarded_stream
from feedback_app.ui.shared.wiring import REMEMBER_OPEN

TAKE_MESSAGE = "(text) => [text, '']"
"""Moves the message out of the box."""
RETURN_MESSAGE = "(left, text) => ['', [left, text].filter(Boolean).join('\\n')]"
"""Puts a message that could not be sent back, before the text that was typed since."""
OPEN_IN_ARENA = "(id) => { if (id) window.location.href = './?c=' + id; }"
"""Opens a comparison in the arena."""


def build(services: ChatServices, demo: gr.Blocks) -> None:
    """Draw the page and connect its events."""
    screen = lay_out(persona_choices(services.personas()), services.preferences.get().persona)
    handlers = ChatHandlers(services, screen)
    outputs = screen.outputs()
    screen.redraw.change(
        guarded_stream(screen.line, handlers.show),
        [screen.current, screen.persona],
        outputs,
        trigger_mode="multiple",
        **EVENT_OPTIONS,
    )
    screen.current.change(None, screen.current, None, js=REMEMBER_OPEN)
    demo.unload(handlers.leave)
    demo.load(handlers.arrive, None, outputs, **EVENT_OPTIONS)
    _connect_sending(handlers, screen)
    for listen, handle, inputs in (
        (screen.new.click, handlers.new, None),
        (screen.listing.input, handlers.choose, [screen.listing, screen.search]),
        (screen.search.change, handlers.search, [screen.current, screen.search]),
        (screen.rank.click, handlers.rank, [screen.current]),
        (screen.again.click, handlers.regenerate, [screen.current, screen.best_of]),
        (screen.rename.click, handlers.rename, [screen.current, screen.name]),
        (screen.confirm.yes.click, handlers.delete, [screen.current]),
        (screen.stop.click, handlers.stop, [screen.current]),
        (screen.transcript.like, handlers.rate, [screen.current]),
        (screen.transcript.edit, handlers.edit, [screen.current]),
        (screen.alternatives.previous.click, handlers.previous_reply, [screen.current]),
        (screen.alternatives.next.click, handlers.next_reply, [screen.current]),
        (screen.persona.input, handlers.conversation_switch.choose_persona, [screen.current, screen.persona]),
        (screen.model.input, handlers.conversation_switch.choose_model, [screen.current, screen.model]),
        (
            screen.switch.switch_here.click,
            handlers.conversation_switch.switch_here,
            [screen.current, screen.persona],
        ),
        (screen.switch.new.click, handlers.conversation_switch.start_new, None),
        (screen.switch.keep.click, handlers.conversation_switch.keep, [screen.current]),
    ):
        listen(guarded(screen.line, handle), inputs, outputs, **EVENT_OPTIONS)
    screen.to_rank.change(None, screen.to_rank, None, js=OPEN_IN_ARENA)
    side_by_side.connect(handlers.side_by_side, screen)
    connect_question(screen.delete, screen.confirm, handlers.about_to_delete, [screen.current])


def _connect_sending(handlers: ChatHandlers, screen: ChatScreen) -> None:
    """The message leaves the box at once, so that the next one can be typed. It comes back if it could not be sent, also if the
    service did not answer."""
    inputs = [
        screen.current,
        screen.sent,
        screen.model,
        screen.second_version,
        screen.persona,
        screen.best_of,
    ]
    both = [screen.sent, screen.text]
    sending = screen.text.submit(None, screen.text, both, js=TAKE_MESSAGE, **EVENT_OPTIONS)
    sent = sending.then(handlers.send, inputs, screen.outputs(), **EVENT_OPTIONS)
    sent.then(None, both, both, js=RETURN_MESSAGE, **EVENT_OPTIONS)
