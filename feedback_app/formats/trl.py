"""TRL's conversational preference format: `prompt`, `chosen` and `rejected` as lists of messages.

https://huggingface.co/docs/trl/dataset_formats#preference
Read too: replies and prompt as plain text (TRL's standard format), and whole conversations without `prompt`
(TRL's implicit prompt).
"""

from collections.abc import Sequence
from typing import Any

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import fields
from feedback_app.formats.fields import Record


def turn(message: Message) -> dict[str, str]:
    return {"role": message.role, "content": message.content}


def turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [turn(message) for message in messages]


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def dump(pair: PreferencePair) -> dict[str, Any]:
    return {
        "prompt": turns(pair.prompt),
        "chosen": answer(pair.chosen),
        "rejected": answer(pair.rejected),
    }


def load(record: Record) -> PreferencePair:
    """Raises BadRecord."""
    chosen, rejected = fields.required(record, "chosen"), fields.required(record, "rejected")
    if record.get("prompt") is None:
        return fields.conversation_pair(
            fields.messages(chosen, "chosen"), fields.messages(rejected, "rejected")
        )
    return fields.pair(load_prompt(record), load_reply(chosen, "chosen"), load_reply(rejected, "rejected"))


def load_prompt(record: Record) -> tuple[Message, ...]:
    """`prompt` as messages; plain text is one user turn. Raises BadRecord."""
    value = fields.required(record, "prompt")
    if isinstance(value, str):
        return fields.prompt([Message("user", fields.as_text(value, "prompt"))])
    return fields.prompt(fields.messages(value, "prompt"))


def load_reply(value: Any, name: str) -> str:
    """One assistant message, or plain text. Raises BadRecord."""
    if isinstance(value, str):
        return fields.filled(fields.as_text(value, name), name)
    return fields.reply(fields.messages(value, name), name)
