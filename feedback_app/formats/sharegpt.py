"""ShareGPT with preferences, as LLaMA-Factory reads it: `conversations`, `chosen`, `rejected` with `from`/`value`.

https://github.com/hiyouga/LLaMA-Factory/tree/main/data (sharegpt format, `"ranking": true`)
"""

from typing import Any

from feedback_app.domain.comparison import Message, Role
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import fields
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

NAMES: dict[Role, str] = {"system": "system", "user": "human", "assistant": "gpt"}
ROLES: dict[str, Role] = {
    "system": "system",
    "human": "user",
    "gpt": "assistant",
    "user": "user",
    "assistant": "assistant",
}


def dump(pair: PreferencePair) -> dict[str, Any]:
    return {
        "conversations": [_turn(message) for message in pair.prompt],
        "chosen": _turn(Message("assistant", pair.chosen)),
        "rejected": _turn(Message("assistant", pair.rejected)),
    }


def load(record: Record) -> PreferencePair:
    """The system turn may also stand in a `system` field. Raises BadRecord."""
    turns = _turns(fields.required(record, "conversations"), "conversations")
    if system := record.get("system"):
        if turns and turns[0].role == "system":
            raise BadRecord("there is a `system` field and a system turn: keep one")
        turns = (Message("system", fields.as_text(system, "system")), *turns)
    return fields.pair(turns, _reply(record, "chosen"), _reply(record, "rejected"))


def _turn(message: Message) -> dict[str, str]:
    return {"from": NAMES[message.role], "value": message.content}


def _turns(value: Any, name: str) -> tuple[Message, ...]:
    return fields.messages(value, name, "from", "value", ROLES)


def _reply(record: Record, name: str) -> str:
    return fields.reply(_turns([fields.required(record, name)], name), name)
