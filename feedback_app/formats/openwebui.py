"""Open WebUI's feedback export: a JSON array of thumbs, each with a snapshot of its chat. Read only.

https://github.com/open-webui/open-webui (backend/open_webui/models/feedbacks.py; the page "Evaluations, Feedback History" writes it)
A thumb on one of several replies to the same message ranks it against the others, as in Open WebUI's own leaderboard.
"""

from collections.abc import Mapping
from typing import Any

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.domain.preference import Rating
from feedback_app.formats import comparisons, conversation, fields, unused
from feedback_app.formats.comparisons import FIRST, SECOND, LeftOut, ModelReply
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

USED = frozenset({"user_id", "user", "version", "type", "data", "meta", "snapshot", "chat_id"})
DATA = frozenset({"rating", "model_id", "sibling_model_ids", "reason", "comment", "tags", "details", "id"})
THUMBS = {"1": True, "-1": False}
# Besides the text, these are what a reply may answer or consist of.
ATTACHMENTS = ("files", "images", "sources", "citations", "tool_calls", "code_executions", "embeds", "output")
NO_THUMB = LeftOut("feedback without a thumb")
DEEPEST = 1000


def load(record: Record) -> Comparison | Rating | LeftOut:
    """A rating, or a comparison if the message has several replies. Raises BadRecord."""
    data = fields.as_object(fields.required(record, "data"), "data")
    unused.refuse_unread(data, DATA, " in `data`")
    good = _thumb(data)
    if good is None:
        return NO_THUMB
    chat = _chat(record)
    _refuse_attachments(chat, "the chat")
    history = fields.as_object(chat.get("history") or {}, "history")
    messages = fields.as_object(fields.required(history, "messages"), "messages")
    rated = _message(messages, _meta(record, "message_id"))
    before = _before(messages, rated)
    prompt = _with_system(chat, [_turn(message) for message in before])
    if others := _siblings(messages, rated, before):
        return _compared(prompt, rated, others, good, data)
    return Rating(fields.prompt(prompt), fields.reply([_turn(rated)], "content"), good, "import:openwebui")


def _thumb(data: Record) -> bool | None:
    value = data.get("rating")
    if value is None or value == "" or (value == 0 and not isinstance(value, bool)):
        return None
    if isinstance(value, bool) or str(value) not in THUMBS:
        raise BadRecord("`rating` must be 1 or -1")
    return THUMBS[str(value)]


def _meta(record: Record, name: str) -> str:
    return fields.as_text(
        fields.required(fields.as_object(fields.required(record, "meta"), "meta"), name), name
    )


def _chat(record: Record) -> Record:
    """The chat itself, which the snapshot wraps twice."""
    snapshot = fields.as_object(fields.required(record, "snapshot"), "snapshot")
    outer = fields.as_object(fields.required(snapshot, "chat"), "chat")
    return fields.as_object(outer["chat"], "chat") if isinstance(outer.get("chat"), dict) else outer


def _message(messages: Mapping[str, Any], name: str) -> Record:
    if name not in messages:
        raise BadRecord("the rated message is not in the snapshot")
    return fields.as_object(messages[name], "messages[]")


def _before(messages: Mapping[str, Any], rated: Record) -> list[Record]:
    """The messages before the rated one, first to last."""
    messages_before: list[Record] = []
    parent = rated.get("parentId")
    while parent is not None:
        if len(messages_before) == DEEPEST:
            raise BadRecord("the conversation is too long, or runs in a circle")
        messages_before.append(_message(messages, fields.as_text(parent, "parentId")))
        parent = messages_before[-1].get("parentId")
    return messages_before[::-1]


def _refuse_attachments(value: Record, where: str) -> None:
    for name in ATTACHMENTS:
        if not unused.empty(value.get(name)):
            raise BadRecord(
                f"has `{name}` in {where}, which cannot be imported. To import the text alone, ignore `{name}`"
            )


def _turn(message: Record) -> Message:
    _refuse_attachments(message, "a message")
    (turn,) = conversation.turns(
        [{"role": message.get("role"), "content": message.get("content")}], "messages"
    )
    return turn


def _with_system(chat: Record, turns: list[Message]) -> tuple[Message, ...]:
    """The chat's own system prompt comes first."""
    params = fields.as_object(chat.get("params") or {}, "params")
    return conversation.with_system({"system": params.get("system") or chat.get("system")}, turns)


def _siblings(messages: Mapping[str, Any], rated: Record, before: list[Record]) -> list[Record]:
    """The other replies to the same message that have a text."""
    if not before:
        return []
    names = fields.as_list(before[-1].get("childrenIds") or [], "childrenIds")
    siblings = [
        _message(messages, fields.as_text(name, "childrenIds[]")) for name in names if name != rated.get("id")
    ]
    return [one for one in siblings if one is not rated and not unused.empty(one.get("content"))]


def _compared(
    prompt: tuple[Message, ...], rated: Record, others: list[Record], good: bool, data: Record
) -> Comparison:
    """The rated reply ranked against all others, which are tied."""
    replies = [ModelReply(_turn(one).content, comparisons.model(one, "model")) for one in (rated, *others)]
    rest = tuple(f"c{i}" for i in range(2, len(replies) + 1))
    groups = (*FIRST[:1], rest) if good else (rest, *SECOND[1:])
    comments = [data[name] for name in ("reason", "comment") if not unused.empty(data.get(name))]
    note = "\n".join(fields.as_text(text, "comment") for text in comments)
    return comparisons.build("openwebui", prompt, replies, groups, note=note)
