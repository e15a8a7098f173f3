"""LLaMA-Factory's alpaca form: `instruction` and `input`, then `output`, `output` with `kto_tag`, or `chosen` and `rejected`. Read only.

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
# Stanford's file repeats all of a record in `text`, put into the template it was trained with.
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
    """A pair, a rating where there is a label, else a demonstration. Raises BadRecord."""
    turns = [*_history(record.get("history")), Message("user", prompt(record))]
    asked = conversation.with_system(record, turns)
    if "chosen" in record or "rejected" in record:
        if not unused.empty(record.get("output")):
            raise BadRecord("has `output` beside `chosen` and `rejected`: which reply is good is not clear")
        return fields.pair(asked, _text(record, "chosen"), _text(record, "rejected"))
    reply = fields.filled(_text(record, "output"), "output")
    if any(label in record for label in kto.LABELS):
        return Rating(fields.prompt(asked), reply, kto.verdict(record), SOURCE)
    return Demonstration(fields.prompt(asked), reply, SOURCE)


def prompt(record: Record) -> str:
    """The instruction, and its input on the next line where there is one, as LLaMA-Factory puts them together."""
    instruction = fields.as_text(fields.required(record, "instruction"), "instruction")
    given = fields.as_text(record.get("input") or "", "input")
    return "\n".join(part for part in (instruction, given) if part.strip())


def _history(value: Any) -> list[Message]:
    """Earlier rounds, each an instruction and its reply."""
    rounds = fields.as_list(value or [], "history")
    return [message for said in rounds for message in _round(said)]


def _round(value: Any) -> Sequence[Message]:
    said = fields.as_list(value, "history[]")
    if len(said) != 2:
        raise BadRecord("`history[]` must be an instruction and its reply")
    asked, answered = (fields.as_text(text, "history[]") for text in said)
    return Message("user", asked), Message("assistant", answered)


def _text(record: Record, name: str) -> str:
    return fields.as_text(fields.required(record, name), name)
