"""Turns as data sets write them: `role`/`content` or `from`/`value`, text parts, weights, and a system text in a field of its own."""

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
"""The fields that hold a system text beside the turns."""
WEIGHTS = ("weight", "loss_weight")


@dataclass(frozen=True, slots=True)
class Turn:
    """`weight` is 1 where the turn is to be learned, 0 where it is not, None where nothing is said."""

    message: Message
    weight: int | None = None


def turns(value: Any, name: str) -> tuple[Message, ...]:
    """The turns, of which only the last may be one to learn. Raises BadRecord."""
    found = weighted(value, name)
    if any(turn.weight and turn.message.role == "assistant" for turn in found[:-1]):
        raise BadRecord(f"`weight` in `{name}` is 1 before the last turn: only the last reply is learned")
    if found and found[-1].weight == 0 and found[-1].message.role == "assistant":
        raise BadRecord(f"`weight` in `{name}` is 0 for the last turn, which is the one to learn")
    return tuple(turn.message for turn in found)


def weighted(value: Any, name: str) -> tuple[Turn, ...]:
    """The turns with their weights. Raises BadRecord."""
    listed = [value] if isinstance(value, dict) else fields.as_list(value, name)
    return tuple(_turn(fields.as_object(turn, f"{name}[]"), name) for turn in listed)


def _turn(turn: Record, name: str) -> Turn:
    who, said = ("from", "value") if "from" in turn and "role" not in turn else ("role", "content")
    unused.refuse_unread(turn, {who, said, *WEIGHTS}, f" in a turn of `{name}`")
    role = _role(fields.as_text(fields.required(turn, who), who), who, name)
    return Turn(Message(role, text(fields.required(turn, said), said)), _weight(turn))


def _role(value: str, field: str, name: str) -> Role:
    if value in TOOL_ROLES:
        raise BadRecord(f"a turn of `{name}` is of the role `{value}`: tool calls cannot be imported")
    if (role := ROLES.get(value)) is None:
        known = ("system", "human", "gpt") if field == "from" else ("system", "user", "assistant")
        raise BadRecord(f"`{field}` in `{name}` must be one of: {', '.join(known)}")
    return role


def _weight(turn: Record) -> int | None:
    found = [turn[name] for name in WEIGHTS if turn.get(name) is not None]
    if not found:
        return None
    if any(isinstance(one, bool) or one not in (0, 1) or one != found[0] for one in found):
        raise BadRecord("`weight` must be 0 or 1")
    return int(found[0])


def text(value: Any, name: str) -> str:
    """A text, or a list of text parts, which are put together. Raises BadRecord."""
    if not isinstance(value, list):
        return fields.as_text(value, name)
    return "".join(_part(part, name) for part in value)


def _part(part: Any, name: str) -> str:
    found = fields.as_object(part, f"{name}[]")
    if found.get("type", "text") != "text":
        raise BadRecord(f"`{name}` has a part that is not text: images, audio and files cannot be imported")
    key = "value" if "value" in found and "text" not in found else "text"
    unused.refuse_unread(found, {"type", key, "mimeType"}, f" in a part of `{name}`")
    return fields.as_text(fields.required(found, key), key)


def with_system(record: Record, found: Sequence[Message]) -> tuple[Message, ...]:
    """The turns, led by the record's system text where it has one. Raises BadRecord where there are two."""
    given = [(name, text(record[name], name)) for name in SYSTEM if not unused.empty(record.get(name))]
    if not given:
        return tuple(found)
    name, system = given[0]
    if len(given) > 1 and given[1][1] != system:
        raise BadRecord("`system` and `system_prompt` differ: keep one")
    if found and found[0].role == "system":
        if found[0].content != system:
            raise BadRecord(f"there is a `{name}` field and a system turn: keep one")
        return tuple(found)
    return (Message("system", system), *found)


def spoken(found: Sequence[Message]) -> tuple[Message, ...]:
    """The turns without the system's."""
    return tuple(message for message in found if message.role != "system")


def same(record: Mapping[str, Any], name: str, others: Sequence[Sequence[Message]], of: str) -> None:
    """Check a field that repeats a conversation. Raises BadRecord where it says something else."""
    if unused.empty(record.get(name)):
        return
    said = spoken(turns(record[name], name))
    if said not in [spoken(other) for other in others]:
        raise BadRecord(f"`{name}` is not the same as {of}")
