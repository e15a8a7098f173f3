"""TRL's conversational language modelling format: `messages`, the last of which is the demonstrated reply.

https://huggingface.co/docs/trl/dataset_formats#language-modeling
It also reads TRL's `prompt` and `completion`, and the `weight` of a turn in OpenAI's fine-tuning format.
"""

from collections.abc import Sequence
from typing import Any

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.domain.documents import Turns, turns
from feedback_app.domain.preference import Demonstration
from feedback_app.formats import conversation, fields, kto, trl
from feedback_app.formats.conversation import Turn
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record, content_id

USED = frozenset({*trl.PROMPTS, *conversation.SYSTEM, "messages", "completion"})


def edited(comparison: Comparison) -> Demonstration | None:
    """The owner's edit, if the ranking has one."""
    if comparison.ranking is None or comparison.ranking.edit is None:
        return None
    return Demonstration(comparison.messages, comparison.ranking.edit, source="edit")


def carried(demonstration: Demonstration) -> bool:
    """Whether the demonstration can be exported, which is the case if an import would accept it."""
    return kto.fits(turns(demonstration.prompt), demonstration.reply)


def demonstration_id(demonstration: Demonstration) -> str:
    """The id of a demonstration, computed from prompt and reply."""
    return content_id("demonstration", dump(demonstration))


def dump(demonstration: Demonstration) -> dict[str, Any]:
    return record_of(turns(demonstration.prompt), demonstration.reply)


def record_of(prompt: Turns, reply: str) -> dict[str, Any]:
    """The record that holds the demonstration."""
    return {"messages": [*prompt, *trl.answer(reply)]}


def load(record: Record) -> list[Demonstration]:
    """The last turn or, if turns have a `weight`, each reply with weight 1 (OpenAI's rule). Raises BadRecord."""
    if not any(name in record for name in kto.LABELS):
        return demonstrations(_turns(record), "messages", "import:sft")
    raise BadRecord("has `label`: it is a rated reply, so import it as `kto`")


def _turns(record: Record) -> tuple[Turn, ...]:
    """`messages`, or TRL's `prompt` and `completion`."""
    prompt = trl.optional_prompt(record)
    if record.get("messages") is None and (prompt is not None or record.get("completion") is not None):
        messages = trl.conversation_with(prompt, fields.required(record, "completion"), "completion")
        return tuple(map(Turn, conversation.with_system(record, messages)))
    weighted = conversation.weighted(fields.required(record, "messages"), "messages")
    messages = tuple(turn.message for turn in weighted)
    _same_prompt(prompt, messages)
    with_system = conversation.with_system(record, messages)
    return (*map(Turn, with_system[: len(with_system) - len(weighted)]), *weighted)


def _same_prompt(prompt: Sequence[Message] | None, messages: Sequence[Message]) -> None:
    """Check that `prompt` repeats the beginning of `messages`, as in UltraChat. Raises BadRecord."""
    expected = conversation.without_system(prompt or ())
    if expected and conversation.without_system(messages)[: len(expected)] != expected:
        raise BadRecord("`messages` does not begin with `prompt`")


def demonstrations(weighted: Sequence[Turn], name: str, source: str) -> list[Demonstration]:
    """The demonstrations in a conversation. Raises BadRecord."""
    messages = [turn.message for turn in weighted]
    if all(turn.weight is None for turn in weighted):
        reply = fields.reply(messages[-1:], f"{name}[-1]")
        return [Demonstration(fields.prompt(messages[:-1]), reply, source)]
    trained = [
        place
        for place, turn in enumerate(weighted)
        if turn.message.role == "assistant" and turn.weight in (None, 1)
    ]
    if not trained:
        raise BadRecord("has `weight` 0 for every reply: there is nothing to learn")
    return [
        Demonstration(fields.prompt(messages[:i]), fields.reply([messages[i]], name), source) for i in trained
    ]
