"""The conversation of a request: which messages it may hold, and how they become turns that every model accepts. Pure."""

from collections.abc import Mapping, Sequence
from itertools import groupby, takewhile
from typing import Any, Literal

from pydantic import BaseModel, model_validator
from pydantic_core import PydanticCustomError

from feedback_app.domain.comparison import InvalidPrompt, Message, Role

BETWEEN = "\n\n"
"""Separates two messages that become one turn."""
NO_TOOLS = "tools are not supported, so leave tool calls and their results out"
TEXT_PARTS = {"text": "text", "refusal": "refusal"}
"""Content parts that are text, with the field that holds the text."""


class ChatMessage(BaseModel):
    """`content` may also be null (no text) or a list of text parts. `name` is read for examples in system messages."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str = ""
    name: str = ""

    @model_validator(mode="before")
    @classmethod
    def plain(cls, message: object) -> object:
        """Join parts to one text and drop nulls. Refuse tool calls, audio, images, videos and files."""
        if not isinstance(message, Mapping):
            return message
        if message.get("role") in ("tool", "function"):
            raise unsupported("role", NO_TOOLS)
        for field in ("tool_calls", "function_call"):
            if message.get(field):
                raise unsupported(field, NO_TOOLS)
        for field in ("audio", "images", "videos", "files"):
            if message.get(field):
                raise unsupported(field, "only text is supported")
        fields = {
            field: message[field] for field in ("role", "content", "name") if message.get(field) is not None
        }
        if "content" not in fields and message.get("refusal") is not None:  # how OpenAI's models decline
            fields["content"] = message["refusal"]
        if isinstance(fields.get("content"), list):
            fields["content"] = "".join(_text(i, part) for i, part in enumerate(fields["content"]))
        return fields

    def message(self) -> Message:
        """The message for the model. A system message may be an example, so its name is kept as the speaker."""
        if self.role in ("user", "assistant"):
            return Message("user" if self.role == "user" else "assistant", self.content)
        return Message("system", f"{self.name}: {self.content}" if self.name else self.content)


def unsupported(field: str, why: str, kind: Literal["value", "parameter"] = "value") -> PydanticCustomError:
    """The error for an unsupported field, named relative to the validated object."""
    return PydanticCustomError(f"unsupported_{kind}", "{why}", {"at": field, "why": why})


def conversation(messages: Sequence[Message]) -> tuple[Message, ...]:
    """At most one system turn, then alternating turns, with the text of every message in order.

    System messages at the beginning become one system turn; later ones become the user's. If all are system messages, the last one
    becomes the user's. Messages without text are dropped. Raises InvalidPrompt if none has text.
    """
    texts = [message for message in messages if message.content.strip()]
    if not texts:
        raise InvalidPrompt("there is no text to answer: give at least one message with content")
    heads = list(takewhile(lambda message: message.role == "system", texts))
    if len(heads) == len(texts):
        heads.pop()
    later = [Message("user", m.content) if m.role == "system" else m for m in texts[len(heads) :]]
    return _joined([*heads, *later])


def _joined(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Join consecutive messages of one role."""
    runs = groupby(messages, key=_role)
    return tuple(Message(role, BETWEEN.join(message.content for message in run)) for role, run in runs)


def _role(message: Message) -> Role:
    return message.role


def _text(index: int, part: Any) -> str:
    if isinstance(part, str):
        return part
    kind = part.get("type") if isinstance(part, Mapping) else None
    field = TEXT_PARTS.get(kind) if isinstance(kind, str) else None
    if field is None:
        raise unsupported(f"content[{index}]", "only text is supported, so leave images, audio and files out")
    text = part.get(field)
    if text is not None and not isinstance(text, str):
        raise unsupported(f"content[{index}].{field}", "the text of a part must be a string")
    return text or ""
