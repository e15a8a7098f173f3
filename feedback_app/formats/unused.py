"""Refuses records with fields that their format does not read, so that nothing is dropped silently.

Three kinds of fields are ignored: null or empty ones, the metadata listed here, and those that the importer asked to ignore.
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
"""Fields about the origin of a record, which do not affect which reply is good."""

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
"""Fields with contents other than text that change what a reply answers or is, with what they hold."""

_DECIDING = """
label kto_tag chosen rejected chosen_messages rejected_messages preferred_output non_preferred_output completion
weight loss_weight rating winner ranking candidates
"""
DECIDING = frozenset(_DECIDING.split())
"""Fields that can never be ignored, because they decide which reply is good."""

_STRUCTURE = """
id role content from value text type messages history chat params system parentId childrenIds mes
prompt response annotations replies rank deleted
"""
STRUCTURE = frozenset(_STRUCTURE.split())
"""Fields that are ignored only at the top of a record: inside it they may be part of the conversation."""

NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class CannotIgnore(Invalid, ValueError):
    """The named field cannot be ignored by an import."""


def empty(value: Any) -> bool:
    """Whether a value is null or has no contents. False and 0 are values."""
    return value is None or (isinstance(value, str | list | tuple | dict) and not value)


def filled(record: Mapping[str, Any]) -> list[str]:
    """The names of the fields that have a value."""
    return [name for name, value in record.items() if not empty(value)]


def unread(record: Mapping[str, Any], used: Collection[str]) -> list[str]:
    """The names of the fields that have a value and that an import would not use."""
    return [name for name in filled(record) if name not in used and name not in METADATA]


def refuse_unreadable(record: Mapping[str, Any], used: Collection[str] = ()) -> None:
    """Raises BadRecord if a field holds what no format can import, such as tool calls or images."""
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
    """Field names for a message. A name with unusual characters may be private text and is not shown."""
    plain = [f"`{name}`" for name in names if NAME.fullmatch(name)]
    odd = len(names) - len(plain)
    shown = plain[:most] + ([f"{len(plain) - most} more"] if len(plain) > most else [])
    if odd:
        shown.append("a field with an unusual name" if odd == 1 else f"{odd} fields with unusual names")
    return ", ".join(shown)


def checked_names(names: Collection[str], used: Collection[str]) -> frozenset[str]:
    """Check the names of fields to ignore. Raises CannotIgnore for a field that the format uses or that decides which reply
    is good."""
    for name in names:
        if name in used or name in DECIDING:
            raise CannotIgnore(
                f"{listed([name])} cannot be ignored: it says what was asked, answered or preferred"
            )
    return frozenset(names)


def without(record: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The record without the fields of these names, also inside other fields."""
    kept = {name: value for name, value in record.items() if name not in names}
    inner = names - STRUCTURE
    return {name: _without(value, inner) for name, value in kept.items()} if inner else kept


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(inner, names) for name, inner in value.items() if name not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value
