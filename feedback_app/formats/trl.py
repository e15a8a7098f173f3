"""TRL's conversational preference format: `prompt`, `chosen` and `rejected` as lists of messages.

https://huggingface.co/docs/trl/dataset_formats#preference
Read too: replies and prompt as plain text (TRL's standard format), whole conversations without `prompt` (TRL's implicit
prompt), and whole conversations beside `prompt`, as in UltraFeedback binarized.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import conversation, fields, hh
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

PROMPTS = ("prompt", "question")
NAMES = {
    "chosen_model": "chosen_model",
    "rejected_model": "rejected_model",
    "chosen-model": "chosen_model",
    "rejected-model": "rejected_model",
    "annotator": "annotator",
}
"""What names the models and who judged them, and the field of the pair that keeps it."""
SCORES = frozenset(
    f"{a}{mark}{b}"
    for mark in "_-"
    for word in ("score", "rating")
    for a, b in ((word, "chosen"), (word, "rejected"), ("chosen", word), ("rejected", word))
)
"""What a judge gave the two replies. `chosen` and `rejected` say already which is better."""
REPLIES = {"chosen": ("chosen", "chosen_messages"), "rejected": ("rejected", "rejected_messages")}
USED = frozenset(
    {*PROMPTS, *NAMES, *SCORES, *conversation.SYSTEM, *REPLIES["chosen"], *REPLIES["rejected"], "messages"}
    | {"comparison_id"}
)


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
    given = optional_prompt(record)
    chosen, rejected = (_answered(record, side, given) for side in REPLIES)
    conversation.same(record, "messages", [chosen, rejected], "`chosen` or `rejected`")
    pair = fields.conversation_pair(
        conversation.with_system(record, chosen), conversation.with_system(record, rejected)
    )
    return replace(
        pair,
        chosen_model=_named(record, "chosen_model", pair.chosen_model),
        rejected_model=_named(record, "rejected_model", pair.rejected_model),
        annotator=_named(record, "annotator", pair.annotator),
    )


def _named(record: Record, own: str, default: str) -> str:
    """The name that the record gives for that field of the pair."""
    name = fields.one_name(record, [name for name, field in NAMES.items() if field == own])
    return fields.short_name(record, name, default) or default


def optional_prompt(record: Record) -> tuple[Message, ...] | None:
    """`prompt`, or `question`, as messages; None without either. Plain text is one user turn. Raises BadRecord."""
    found = [_prompt(record[name], name) for name in PROMPTS if not _missing(record.get(name))]
    if len(found) > 1 and found[0] != found[1]:
        raise BadRecord("`prompt` and `question` differ: keep one")
    return found[0] if found else None


def _missing(value: Any) -> bool:
    return value is None or value == ""


def _prompt(value: Any, name: str) -> tuple[Message, ...]:
    if not isinstance(value, str):
        return conversation.turns(value, name)
    if value.rstrip().endswith("\n\nAssistant:"):
        return hh.opened(value, name)
    return (Message("user", value),)


def _answered(record: Record, side: str, given: Sequence[Message] | None) -> tuple[Message, ...]:
    """The prompt and the reply of one side."""
    name = fields.one_name(record, REPLIES[side])
    return conversation_with(given, fields.required(record, name), name)


def conversation_with(given: Sequence[Message] | None, value: Any, name: str) -> tuple[Message, ...]:
    """The prompt and the reply that follows it, given alone or after the whole conversation. Raises BadRecord."""
    if isinstance(value, str):
        if given is None:
            raise BadRecord("`prompt` is missing")
        return (*given, Message("assistant", value))
    said = conversation.turns(value, name)
    if len(said) == 1 and said[0].role == "assistant":
        if given is None:
            raise BadRecord("`prompt` is missing")
        return (*given, *said)
    if given is not None and not _begins(said[:-1], given):
        one = len(said) < 2 or said[-1].role != "assistant"
        raise BadRecord(
            f"`{name}` must be one assistant message" if one else f"`{name}` does not begin with `prompt`"
        )
    return _led(given, said)


def _begins(before: Sequence[Message], given: Sequence[Message]) -> bool:
    """Whether a conversation is that of the prompt. A prompt of one turn may be the first or the last question in it."""
    asked, said = conversation.spoken(given), conversation.spoken(before)
    if len(asked) == 1 and len(said) > 1:
        questions = [message for message in said if message.role == "user"]
        return bool(questions) and asked[0] in (questions[0], questions[-1])
    return bool(said) and said == asked


def _led(given: Sequence[Message] | None, said: tuple[Message, ...]) -> tuple[Message, ...]:
    """With the system turn of the prompt, which the conversation may have left out."""
    system = [message for message in given or () if message.role == "system"]
    if not system or said[0] == system[0]:
        return said
    if said[0].role == "system":
        raise BadRecord("the system turns differ: keep one")
    return (*system, *said)
