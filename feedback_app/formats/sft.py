"""TRL's conversational language modelling format: `messages`, the last of which is the demonstrated reply.

https://huggingface.co/docs/trl/dataset_formats#language-modeling
"""

from typing import Any

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration
from feedback_app.formats import fields, trl
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record
from feedback_app.formats.identity import content_id


def edited(comparison: Comparison) -> Demonstration | None:
    """The owner's rewrite, if the ranking has one."""
    if comparison.ranking is None or comparison.ranking.edit is None:
        return None
    return Demonstration(comparison.messages, comparison.ranking.edit, source="edit")


def carried(demonstration: Demonstration) -> bool:
    """Whether a file can carry the demonstration: exactly if an import would take it."""
    try:
        fields.prompt(demonstration.prompt)
        fields.filled(demonstration.reply, "reply")
    except BadRecord:
        return False
    return True


def demonstration_id(demonstration: Demonstration) -> str:
    """The same for the same prompt and reply."""
    return content_id("demonstration", dump(demonstration))


def dump(demonstration: Demonstration) -> dict[str, Any]:
    return {"messages": [*trl.turns(demonstration.prompt), *trl.answer(demonstration.reply)]}


def load(record: Record) -> Demonstration:
    """Raises BadRecord."""
    turns = fields.messages(fields.required(record, "messages"), "messages")
    reply = fields.reply(turns[-1:], "messages[-1]")
    return Demonstration(fields.prompt(turns[:-1]), reply, source="import:sft")
