"""OpenAI's preference fine-tuning: `input.messages`, `preferred_output`, `non_preferred_output`.

https://platform.openai.com/docs/guides/direct-preference-optimization
"""

from typing import Any

from feedback_app.domain.documents import PairDocument, pair_document
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import conversation, fields, trl, unused
from feedback_app.formats.fields import Record

USED = frozenset({"input", "preferred_output", "non_preferred_output"})


def dump(pair: PreferencePair) -> dict[str, Any]:
    return record_of(pair_document(pair))


def record_of(pair: PairDocument) -> dict[str, Any]:
    """The record that holds the pair."""
    return {
        "input": {"messages": pair.prompt, "tools": [], "parallel_tool_calls": True},
        "preferred_output": trl.answer(pair.chosen),
        "non_preferred_output": trl.answer(pair.rejected),
    }


def load(record: Record) -> PreferencePair:
    """Raises BadRecord, also for examples with tools, because replies are text."""
    input_ = fields.as_object(fields.required(record, "input"), "input")
    unused.refuse_unread(input_, {"messages", "parallel_tool_calls"}, " in `input`")
    return fields.pair(
        conversation.turns(fields.required(input_, "messages"), "messages"),
        _output(record, "preferred_output"),
        _output(record, "non_preferred_output"),
    )


def _output(record: Record, name: str) -> str:
    return fields.reply(conversation.turns(fields.required(record, name), name), name)
