"""What the owner does to one reply of a transcript, whichever it stands in: a thumb, or their own words."""

from typing import Literal

import gradio as gr

from feedback_app.services.chat.chat import Busy, Chat
from feedback_app.store import InvalidRating
from feedback_app.ui.chat.view import unmarked
from feedback_app.ui.shared.guard import error_line
from feedback_app.ui.shared.text import alert, notice, typed

EDITED = "Saved. The next round can learn from your version."
NOT_YOURS = "Your own messages stay as they were sent. Write another one below."


def rate(chat: Chat, conversation_id: str, thumb: gr.LikeData) -> str:
    """Keep the thumb; or say why there is none, as HTML: the page shows one then that is to be taken off again."""
    value: Literal[1, -1] | None = 1 if thumb.liked is True else -1 if thumb.liked is False else None
    try:
        chat.rate(conversation_id, _turn(thumb.index), value)
    except (Busy, InvalidRating) as error:
        return error_line(error)
    return ""


def edit(chat: Chat, conversation_id: str, change: gr.EditData) -> str:
    """Put the owner's words in place of a reply, and say so, as HTML; their own messages stay as they were sent."""
    turn = _turn(change.index)
    try:
        chat.check_idle(conversation_id)
    except Busy as error:
        return error_line(error)
    reply = dict(enumerate(chat.get(conversation_id).turns)).get(turn)
    if reply is None or reply.role == "user":
        return alert(NOT_YOURS)
    chat.edit(conversation_id, turn, typed(unmarked(str(change.value), reply.ending)))
    return notice(EDITED)


def _turn(index: int | tuple[int, int]) -> int:
    return index if isinstance(index, int) else index[0]
