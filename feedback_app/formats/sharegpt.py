"""ShareGPT, as LLaMA-Factory reads it: `conversations` with `from`/`value`, alone, with `chosen` and `rejected`, or with `kto_tag`.

https://github.com/hiyouga/LLaMA-Factory/tree/main/data (sharegpt format; `"ranking": true` for preferences)
"""

from typing import Any

from feedback_app.domain.documents import PairDocument, pair_document
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.formats import conversation, fields, kto, sft
from feedback_app.formats.conversation import Turn
from feedback_app.formats.fields import Record

NAMES = {"system": "system", "user": "human", "assistant": "gpt"}
LISTS = ("conversations", "conversation", "items")
USED = frozenset({*LISTS, *conversation.SYSTEM, *kto.LABELS, "chosen", "rejected"})


def dump(pair: PreferencePair) -> dict[str, Any]:
    return record_of(pair_document(pair))


def record_of(pair: PairDocument) -> dict[str, Any]:
    """The record that holds the pair."""
    return {
        "conversations": [_turn(turn["role"], turn["content"]) for turn in pair.prompt],
        "chosen": _turn("assistant", pair.chosen),
        "rejected": _turn("assistant", pair.rejected),
    }


def load(record: Record) -> PreferencePair | Rating | list[Demonstration]:
    """A pair; a rating if there is a label; otherwise the demonstrations in the conversation. Raises BadRecord."""
    name = fields.one_name(record, LISTS)
    turns = conversation.weighted(fields.required(record, name), name)
    messages = conversation.with_system(record, [turn.message for turn in turns])
    if "chosen" in record or "rejected" in record:
        return fields.pair(messages, _reply(record, "chosen"), _reply(record, "rejected"))
    if any(label in record for label in kto.LABELS):
        prompt, reply = fields.prompt(messages[:-1]), fields.reply(messages[-1:], f"{name}[-1]")
        return Rating(prompt, reply, kto.label(record), "import:sharegpt")
    added = len(messages) - len(turns)  # the system turn, if it came from a field of its own
    return sft.demonstrations([*map(Turn, messages[:added]), *turns], name, "import:sharegpt")


def _turn(role: str, content: str) -> dict[str, str]:
    return {"from": NAMES[role], "value": content}


def _reply(record: Record, name: str) -> str:
    value = fields.required(record, name)
    if isinstance(value, str):
        return fields.filled(value, name)
    return fields.reply(conversation.turns(value, name), name)
