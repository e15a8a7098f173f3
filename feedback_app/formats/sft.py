"""TRL's conversational language modelling format: `messages`, the last of which is the demonstrated reply.

https://huggingface.co/docs/trl/dataset_formats#language-modeling
Read too: TRL's `prompt` and `completion`, and the `weight` that OpenAI's fine-tuning gives to a turn.
"""

from collections.abc import Sequence
from typing import Any

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.domain.preference import Demonstration
from feedback_app.formats import conversation, fields, kto, trl
from feedback_app.formats.conversation import Turn
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record, content_id

USED = frozenset({*trl.PROMPTS, *conversation.SYSTEM, "messages", "completion"})


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


def load(record: Record) -> list[Demonstration]:
    """The last turn; where turns have a `weight`, each reply whose weight is 1 (OpenAI's rule). Raises BadRecord."""
    if not any(name in record for name in kto.LABELS):
        return demonstrations(_turns(record), "messages", "import:sft")
    raise BadRecord("has `label`: it is a rated reply, so import it as `kto`")


def _turns(record: Record) -> tuple[Turn, ...]:
    """`messages`, or TRL's `prompt` and `completion`."""
    given = trl.optional_prompt(record)
    if record.get("messages") is None and (given is not None or record.get("completion") is not None):
        said = trl.conversation_with(given, fields.required(record, "completion"), "completion")
        return tuple(map(Turn, conversation.with_system(record, said)))
    found = conversation.weighted(fields.required(record, "messages"), "messages")
    said = tuple(turn.message for turn in found)
    _same_prompt(given, said)
    led = conversation.with_system(record, said)
    return (*map(Turn, led[: len(led) - len(found)]), *found)


def _same_prompt(given: Sequence[Message] | None, said: Sequence[Message]) -> None:
    """`prompt` beside `messages` repeats how the conversation begins, as in UltraChat."""
    asked = conversation.spoken(given or ())
    if asked and conversation.spoken(said)[: len(asked)] != asked:
        raise BadRecord("`messages` does not begin with `prompt`")


def demonstrations(turns: Sequence[Turn], name: str, source: str) -> list[Demonstration]:
    """What a conversation demonstrates. Raises BadRecord."""
    said = [turn.message for turn in turns]
    if all(turn.weight is None for turn in turns):
        reply = fields.reply(said[-1:], f"{name}[-1]")
        return [Demonstration(fields.prompt(said[:-1]), reply, source)]
    learned = [
        place
        for place, turn in enumerate(turns)
        if turn.message.role == "assistant" and turn.weight in (None, 1)
    ]
    if not learned:
        raise BadRecord("has `weight` 0 for every reply: there is nothing to learn")
    return [Demonstration(fields.prompt(said[:i]), fields.reply([said[i]], name), source) for i in learned]
