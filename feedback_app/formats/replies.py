"""Replies to score, one record per line: `{"prompt": text}` or `{"messages": [...]}`, and `"replies": [text, ...]`."""

from dataclasses import dataclass

from feedback_app.domain.comparison import Message
from feedback_app.formats import fields
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record


@dataclass(frozen=True, slots=True)
class Replies:
    """`prompt` ends with the user's turn; `record` is the original line."""

    prompt: tuple[Message, ...]
    replies: tuple[str, ...]
    record: Record


def load(record: Record) -> Replies:
    """Raises BadRecord."""
    if ("prompt" in record) == ("messages" in record):
        raise BadRecord("needs either `prompt` or `messages`")
    if "prompt" in record:
        turns: tuple[Message, ...] = (Message("user", fields.as_text(record["prompt"], "prompt")),)
    else:
        turns = fields.messages(record["messages"], "messages")
    listed = fields.as_list(fields.required(record, "replies"), "replies")
    if not listed:
        raise BadRecord("`replies` is empty")
    texts = tuple(fields.as_text(reply, "replies[]") for reply in listed)
    for text in texts:
        fields.encodable(text, "replies[]")
    return Replies(fields.prompt(turns), texts, record)
