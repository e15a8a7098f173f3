"""Nothing is dropped in silence: a record whose format does not read one of its fields is refused by that name.

Three things are passed over: a field that is null or empty, the metadata listed here, and what the importer was told to leave out.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from feedback_app.errors import Invalid
from feedback_app.formats.errors import BadRecord

_METADATA = """
id uid uuid idx index row_id hash prompt_id question_id conversation_id conversation_hash conv_id
source data_source dataset dataset_name origin url license split task subset
language lang category domain topic
model model_name generator
created_at updated_at timestamp tstamp date
turn turns num_turns num_tokens token_count
"""
METADATA = frozenset(_METADATA.split())
"""Says where a record comes from, and nothing about which reply is good."""

UNREADABLE = {
    "tools": "tools",
    "functions": "tools",
    "tool_calls": "tool calls",
    "function_call": "tool calls",
    "tool_call_id": "tool calls",
    "images": "images",
    "image": "images",
    "videos": "videos",
    "video": "videos",
    "audios": "audio",
    "audio": "audio",
    "files": "files",
    "thinking": "hidden reasoning",
    "reasoning": "hidden reasoning",
    "reasoning_content": "hidden reasoning",
    "refusal": "refusals",
}
"""Fields that change what a reply answers or is, and what they hold. codeLynn ranks and learns text."""

_DECIDING = """
label kto_tag chosen rejected chosen_messages rejected_messages preferred_output non_preferred_output completion
weight loss_weight rating winner ranking candidates
"""
DECIDING = frozenset(_DECIDING.split())
"""Never left out, whatever the importer says: these decide which reply is good."""

_STRUCTURE = """
id role content from value text type messages history chat params system parentId childrenIds mes
prompt response annotations replies rank deleted
"""
STRUCTURE = frozenset(_STRUCTURE.split())
"""Left out of a record only, and not of what is inside it, where they may be what makes it a conversation."""

NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class CannotIgnore(Invalid, ValueError):
    """A field that no import may leave out; the message names it."""


def empty(value: Any) -> bool:
    """Null, or nothing in it. False and 0 say something."""
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def filled(record: Mapping[str, Any]) -> list[str]:
    """The names of the fields that say something."""
    return [name for name, value in record.items() if not empty(value)]


def unread(record: Mapping[str, Any], used: Collection[str]) -> list[str]:
    """The names of the fields that say something and that an import would not use."""
    return [name for name in filled(record) if name not in used and name not in METADATA]


def refuse_unreadable(record: Mapping[str, Any], used: Collection[str] = ()) -> None:
    """Raises BadRecord where a field holds what no format here can carry, such as tool calls or images."""
    for name in unread(record, used):
        if name in UNREADABLE:
            raise BadRecord(
                f"has `{name}`: {UNREADABLE[name]} cannot be imported. To import the rest of it, ignore `{name}`"
            )


def refuse_unread(record: Mapping[str, Any], used: Collection[str], where: str = "") -> None:
    """Raises BadRecord, naming the fields that the import would not use."""
    refuse_unreadable(record, used)
    if names := unread(record, used):
        several = len(names) > 1
        raise BadRecord(
            f"has {listed(names)}{where}, which this format does not use. "
            f"To import the file without {'them' if several else 'it'}, ignore {listed(names)}"
        )


def listed(names: Collection[str], most: int = 20) -> str:
    """Field names for a message. One that does not look like a name may be private text and is not repeated."""
    plain = [f"`{name}`" for name in names if NAME.fullmatch(name)]
    odd = len(names) - len(plain)
    shown = plain[:most] + ([f"{len(plain) - most} more"] if len(plain) > most else [])
    if odd:
        shown.append("a field with an unusual name" if odd == 1 else f"{odd} fields with unusual names")
    return ", ".join(shown)


def checked_names(names: Collection[str], used: Collection[str]) -> frozenset[str]:
    """The names of fields to leave out. Raises CannotIgnore for one that the format uses, or that says which reply is good."""
    for name in names:
        if name in used or name in DECIDING:
            raise CannotIgnore(
                f"{listed([name])} cannot be ignored: it says what was asked, answered or preferred"
            )
    return frozenset(names)


def without(record: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The record without the fields of these names, nor such fields inside the others."""
    kept = {name: value for name, value in record.items() if name not in names}
    inner = names - STRUCTURE
    return {name: _without(value, inner) for name, value in kept.items()} if inner else kept


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(inner, names) for name, inner in value.items() if name not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value
