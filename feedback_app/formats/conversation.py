"""Reads turns as data sets write them: `role`/`content` or `from`/`value`, text parts, weights, and a separate system field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feedback_app.domain.comparison import Message, Role
from feedback_app.formats import fields, unused
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
}
TOOL_ROLES = frozenset(
    {"tool", "tools", "tool_call", "tool_response", "function", "function_call", "observation", "ipython"}
)
SYSTEM = ("system", "system_prompt")
"""The fields that hold a system text outside the turns."""
WEIGHTS = ("weight", "loss_weight")


@dataclass(frozen=True, slots=True)
class Turn:
    """`weight` is 1 if the turn is trained on, 0 if it is not, None if the file does not say."""

    message: Message
    weight: int | None = None


def turns(value: Any, name: str) -> tuple[Message, ...]:
    """The messages. Only the last reply may be trained on. Raises BadRecord."""
    weighted_turns = weighted(value, name)
    if any(turn.weight and turn.message.role == "assistant" for turn in weighted_turns[:-1]):
        raise BadRecord(f"`weight` in `{name}` is 1 before the last turn: only the last reply is learned")
    if weighted_turns and weighted_turns[-1].weight == 0 and weighted_turns[-1].message.role == "assistant":
        raise BadRecord(f"`weight` in `{name}` is 0 for the last turn, which is the one to learn")
    return tuple(turn.message for turn in weighted_turns)


def weighted(value: Any, name: str) -> tuple[Turn, ...]:
    """The turns with their weights. Raises BadRecord."""
    listed = [value] if isinstance(value, dict) else fields.as_list(value, name)
    return tuple(_turn(fields.as_object(turn, f"{name}[]"), name) for turn in listed)


def _turn(turn: Record, name: str) -> Turn:
    role_field, text_field = (
        ("from", "value") if "from" in turn and "role" not in turn else ("role", "content")
    )
    unused.refuse_unread(turn, {role_field, text_field, *WEIGHTS}, f" in a turn of `{name}`")
    role = _role(fields.as_text(fields.required(turn, role_field), role_field), role_field, name)
    return Turn(Message(role, text(fields.required(turn, text_field), text_field)), _weight(turn))


def _role(value: str, field: str, name: str) -> Role:
    if value in TOOL_ROLES:
        raise BadRecord(f"a turn of `{name}` is of the role `{value}`: tool calls cannot be imported")
    if (role := ROLES.get(value)) is None:
        known = ("system", "human", "gpt") if field == "from" else ("system", "user", "assistant")
        raise BadRecord(f"`{field}` in `{name}` must be one of: {', '.join(known)}")
    return role


def _weight(turn: Record) -> int | None:
    weights = [turn[name] for name in WEIGHTS if turn.get(name) is not None]
    if not weights:
        return None
    if any(isinstance(one, bool) or one not in (0, 1) or one != weights[0] for one in weights):
        raise BadRecord("`weight` must be 0 or 1")
    return int(weights[0])


def text(value: Any, name: str) -> str:
    """A text, or a list of text parts, which are joined. Raises BadRecord."""
    if not isinstance(value, list):
        return fields.as_text(value, name)
    return "".join(_part(part, name) for part in value)


def _part(part: Any, name: str) -> str:
    content = fields.as_object(part, f"{name}[]")
    if content.get("type", "text") != "text":
        raise BadRecord(f"`{name}` has a part that is not text: images, audio and files cannot be imported")
    key = "value" if "value" in content and "text" not in content else "text"
    unused.refuse_unread(content, {"type", key, "mimeType"}, f" in a part of `{name}`")
    return fields.as_text(fields.required(content, key), key)


def with_system(record: Record, messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages, beginning with the record's system text if it has one. Raises BadRecord if there are two different ones."""
    system_texts = [(name, text(record[name], name)) for name in SYSTEM if not unused.empty(record.get(name))]
    if not system_texts:
        return tuple(messages)
    name, system = system_texts[0]
    if len(system_texts) > 1 and system_texts[1][1] != system:
        raise BadRecord("`system` and `system_prompt` differ: keep one")
    if messages and messages[0].role == "system":
        if messages[0].content != system:
            raise BadRecord(f"there is a `{name}` field and a system turn: keep one")
        return tuple(messages)
    return (Message("system", system), *messages)


def without_system(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages without system messages."""
    return tuple(message for message in messages if message.role != "system")


def same(record: Mapping[str, Any], name: str, others: Sequence[Sequence[Message]], of: str) -> None:
    """Check a field that repeats one of the conversations `others`. Raises BadRecord if it differs."""
    if unused.empty(record.get(name)):
        return
    repeated = without_system(turns(record[name], name))
    if repeated not in [without_system(other) for other in others]:
        raise BadRecord(f"`{name}` is not the same as {of}")
