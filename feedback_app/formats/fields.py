"""Reads and checks the fields of one record. Every function raises BadRecord, which names the field and not its content."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from feedback_app.domain.comparison import InvalidPrompt, Message, Role, checked_prompt, prompt_fault
from feedback_app.domain.documents import Turns
from feedback_app.domain.preference import PreferencePair
from feedback_app.domain.text_rules import LONGEST_REPLY, length_fault, name_fault, number_fault, text_fault
from feedback_app.formats.errors import BadRecord

Record = Mapping[str, Any]
ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}


def required(record: Record, name: str) -> Any:
    """The field's value; null counts as missing."""
    if (value := record.get(name)) is None:
        raise BadRecord(f"`{name}` is missing")
    return value


def one_name(record: Record, names: Sequence[str]) -> str:
    """Which of several equivalent names the record uses; the first if it uses none. Raises BadRecord if two of them hold
    different values, because one would be dropped."""
    used = [name for name in names if record.get(name) is not None]
    for name in used[1:]:
        if record[name] != record[used[0]]:
            raise BadRecord(f"`{used[0]}` and `{name}` differ: keep one")
    return used[0] if used else names[0]


def as_object(value: Any, name: str) -> Record:
    if not isinstance(value, dict):
        raise BadRecord(f"`{name}` must be an object")
    return value


def as_list(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise BadRecord(f"`{name}` must be a list")
    return value


def as_text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadRecord(f"`{name}` must be text")
    return value


def short_name(record: Record, name: str, default: str) -> str:
    """A short text without control characters: an id, a model, a person. Null counts as missing."""
    return as_name(default if record.get(name) is None else record[name], name)


def as_name(value: Any, name: str) -> str:
    """Check a value as `short_name` does."""
    if fault := name_fault(as_text(value, name)):
        raise BadRecord(f"`{name}` {fault}")
    return str(value)


def encodable(text: str, name: str) -> str:
    """Check that a text can be stored (see `text_rules`)."""
    if fault := text_fault(text):
        raise BadRecord(f"`{name}` {fault}")
    return text


def whole_number(record: Record, name: str, default: int) -> int:
    """Within 64 bits; null counts as missing."""
    value = default if record.get(name) is None else record[name]
    if isinstance(value, bool) or not isinstance(value, int) or number_fault(value):
        raise BadRecord(f"`{name}` must be a whole number")
    return value


def number(record: Record, name: str, default: float) -> float:
    """Finite; null counts as missing."""
    value = default if record.get(name) is None else record[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or number_fault(value):
        raise BadRecord(f"`{name}` must be a number")
    return float(value)


def as_bool(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise BadRecord(f"`{name}` must be true or false")
    return value


def messages(
    value: Any, name: str, role: str = "role", content: str = "content", roles: Mapping[str, Role] = ROLES
) -> tuple[Message, ...]:
    """A list of turns with the given keys for role and content."""
    turns = []
    for turn in as_list(value, name):
        fields = as_object(turn, f"{name}[]")
        known_role = roles.get(as_text(required(fields, role), role))
        if known_role is None:
            raise BadRecord(f"`{role}` in `{name}` must be one of: {', '.join(roles)}")
        turns.append(Message(known_role, as_text(required(fields, content), content)))
    return tuple(turns)


def prompt(turns: Sequence[Message]) -> tuple[Message, ...]:
    """Check that the turns form a prompt."""
    for turn in turns:
        encodable(turn.content, "prompt")
    try:
        return checked_prompt(turns)
    except InvalidPrompt as error:
        raise BadRecord(str(error)) from error


def reply(turns: Sequence[Message], name: str) -> str:
    """The content of exactly one assistant turn."""
    if len(turns) != 1 or turns[0].role != "assistant":
        raise BadRecord(f"`{name}` must be one assistant message")
    return filled(turns[0].content, name)


def filled(text: str, name: str) -> str:
    if fault := _reply_fault(text):
        raise BadRecord(f"`{name}` {fault}")
    return text


def pair(turns: Sequence[Message], chosen: str, rejected: str) -> PreferencePair:
    """A preference between two different, non-empty replies."""
    if chosen == rejected:
        raise BadRecord("chosen and rejected are the same text")
    return PreferencePair(
        prompt=prompt(turns),
        chosen=filled(chosen, "chosen"),
        rejected=filled(rejected, "rejected"),
        chosen_model="imported",
        rejected_model="imported",
        annotator="imported",
    )


def conversation_pair(chosen: Sequence[Message], rejected: Sequence[Message]) -> PreferencePair:
    """A pair from two conversations that differ only in their last turn."""
    if tuple(chosen[:-1]) != tuple(rejected[:-1]):
        raise BadRecord("chosen and rejected differ before the last turn")
    return pair(chosen[:-1], reply(chosen[-1:], "chosen"), reply(rejected[-1:], "rejected"))


def prompt_fits(turns: Turns) -> bool:
    """Whether `prompt` accepts the turns."""
    return prompt_fault([turn["role"] for turn in turns], [turn["content"] for turn in turns]) is None


def reply_fits(text: str) -> bool:
    """Whether `filled` accepts the text."""
    return _reply_fault(text) is None


def _reply_fault(text: str) -> str | None:
    return length_fault(text, LONGEST_REPLY) or text_fault(text) if text.strip() else "is empty"


NAMESPACE = UUID("5e0c1f5e-6d0b-4f5a-9a6e-3d2b8c7a4f10")


def content_id(kind: str, content: Mapping[str, Any], occurrence: int = 1) -> str:
    """A UUID (version 5) of JSON content: the same content gives the same id, so that importing a file twice adds nothing.

    `occurrence` gives further ids to content that occurs several times.
    """
    return str(uuid5(NAMESPACE, json.dumps([kind, occurrence, content], sort_keys=True)))
