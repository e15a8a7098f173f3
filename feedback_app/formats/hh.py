r"""Anthropic's HH-RLHF: `chosen` and `rejected` as transcripts, "\n\nHuman: …\n\nAssistant: …".

https://github.com/anthropics/hh-rlhf
The format has no system turn: a system text is written before the first "\n\nHuman:", as in Anthropic's old prompt format.

A text that contains a marker would be split there. So a marker inside a text gets a backslash before its name
("\n\n\Human:"), or one more if it has some already, and loses one when it is read, as in the mboxrd mail format.
"""

import re
from typing import Any

from feedback_app.domain.comparison import Message, Role
from feedback_app.domain.documents import PairDocument, pair_document
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import fields
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

MARKER = re.compile(r"\n\n(Human|Assistant): ?")
INNER = re.compile(r"(\n\n)(\\*(?:Human|Assistant):)")
ESCAPED = re.compile(r"(\n\n)\\(\\*(?:Human|Assistant):)")
# A system text is also escaped at its start, where it could look like a transcript without leading line breaks.
INNER_SYSTEM = re.compile(r"(\A|\n\n)(\\*(?:Human|Assistant):)")
ESCAPED_SYSTEM = re.compile(r"(\A|\n\n)\\(\\*(?:Human|Assistant):)")
ROLES: dict[str, Role] = {"Human": "user", "Assistant": "assistant"}
USED = frozenset({"chosen", "rejected"})
NAMES = {"user": "Human", "assistant": "Assistant"}


def dump(pair: PreferencePair) -> dict[str, Any]:
    return record_of(pair_document(pair))


def record_of(pair: PairDocument) -> dict[str, Any]:
    """The record that holds the pair."""
    prompt = "".join(_written(turn["role"], turn["content"]) for turn in pair.prompt)
    return {
        "chosen": prompt + _written("assistant", pair.chosen),
        "rejected": prompt + _written("assistant", pair.rejected),
    }


def load(record: Record) -> PreferencePair:
    """Raises BadRecord."""
    return fields.conversation_pair(_read(record, "chosen"), _read(record, "rejected"))


def _written(role: str, content: str) -> str:
    if role == "system":
        return INNER_SYSTEM.sub(r"\1\\\2", content)
    return f"\n\n{NAMES[role]}: " + INNER.sub(r"\1\\\2", content)


def opened(text: str, name: str) -> tuple[Message, ...]:
    """The turns of a prompt that ends where the assistant's reply begins. Raises BadRecord."""
    return _turns(text.rstrip().removesuffix("\n\nAssistant:"), name)


def _read(record: Record, name: str) -> tuple[Message, ...]:
    return _turns(fields.as_text(fields.required(record, name), name), name)


def _turns(text: str, name: str) -> tuple[Message, ...]:
    before, *rest = MARKER.split(text)
    if not rest or before.startswith(("Human:", "Assistant:")):
        raise BadRecord(
            f"`{name}` must be a transcript: two line breaks before each `Human:` and `Assistant:`"
        )
    system = [Message("system", ESCAPED_SYSTEM.sub(r"\1\2", before))] if before else []
    spoken = [
        Message(ROLES[speaker], ESCAPED.sub(r"\1\2", turn_text))
        for speaker, turn_text in zip(rest[::2], rest[1::2], strict=True)
    ]
    return (*system, *spoken)
