"""LLaMA-Factory's alpaca format: `instruction` and `input`, then `output`, `output` with `kto_tag`, or `chosen` and `rejected`. Read only.

https://github.com/hiyouga/LLaMA-Factory/tree/main/data (alpaca format)
"""

from collections.abc import Sequence
from typing import Any

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.formats import conversation, fields, kto, unused
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

SOURCE = "import:alpaca"
# Stanford's file repeats the whole record in `text`, rendered with the training template.
USED = frozenset(
    {
        "instruction",
        "input",
        "output",
        "history",
        "chosen",
        "rejected",
        "text",
        *conversation.SYSTEM,
        *kto.LABELS,
    }
)


def load(record: Record) -> PreferencePair | Rating | Demonstration:
    """A pair; a rating if there is a label; otherwise a demonstration. Raises BadRecord."""
    turns = [*_history(record.get("history")), Message("user", prompt(record))]
    messages = conversation.with_system(record, turns)
    if "chosen" in record or "rejected" in record:
        if not unused.empty(record.get("output")):
            raise BadRecord("has `output` beside `chosen` and `rejected`: which reply is good is not clear")
        return fields.pair(messages, _text(record, "chosen"), _text(record, "rejected"))
    reply = fields.filled(_text(record, "output"), "output")
    if any(label in record for label in kto.LABELS):
        return Rating(fields.prompt(messages), reply, kto.label(record), SOURCE)
    return Demonstration(fields.prompt(messages), reply, SOURCE)


def prompt(record: Record) -> str:
    """The instruction and, on the next line, its input if there is one, as LLaMA-Factory joins them."""
    instruction = fields.as_text(fields.required(record, "instruction"), "instruction")
    input_text = fields.as_text(record.get("input") or "", "input")
    return "\n".join(part for part in (instruction, input_text) if part.strip())


def _history(value: Any) -> list[Message]:
    """Earlier rounds, each an instruction and its reply."""
    rounds = fields.as_list(value or [], "history")
    return [message for round_ in rounds for message in _round(round_)]


def _round(value: Any) -> Sequence[Message]:
    texts = fields.as_list(value, "history[]")
    if len(texts) != 2:
        raise BadRecord("`history[]` must be an instruction and its reply")
    instruction, reply = (fields.as_text(text, "history[]") for text in texts)
    return Message("user", instruction), Message("assistant", reply)


def _text(record: Record, name: str) -> str:
    return fields.as_text(fields.required(record, name), name)
