"""TRL's conversational preference format: `prompt`, `chosen` and `rejected` as lists of messages.

https://huggingface.co/docs/trl/dataset_formats#preference
It also reads replies and prompt as plain text (TRL's standard format), whole conversations without `prompt` (TRL's implicit
prompt), and whole conversations next to `prompt`, as in UltraFeedback binarized.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from feedback_app.domain.comparison import Message
from feedback_app.domain.documents import PairDocument, pair_document
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
"""Fields with the models and the annotator, and the attribute of the pair that stores each."""
SCORES = frozenset(
    f"{a}{mark}{b}"
    for mark in "_-"
    for word in ("score", "rating")
    for a, b in ((word, "chosen"), (word, "rejected"), ("chosen", word), ("rejected", word))
)
"""Scores of the two replies. They are ignored, because `chosen` and `rejected` say which is better."""
REPLIES = {"chosen": ("chosen", "chosen_messages"), "rejected": ("rejected", "rejected_messages")}
USED = frozenset(
    {*PROMPTS, *NAMES, *SCORES, *conversation.SYSTEM, *REPLIES["chosen"], *REPLIES["rejected"], "messages"}
    | {"comparison_id"}
)


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def dump(pair: PreferencePair) -> dict[str, Any]:
    return record_of(pair_document(pair))


def record_of(pair: PairDocument) -> dict[str, Any]:
    """The record that holds the pair."""
    return {"prompt": pair.prompt, "chosen": answer(pair.chosen), "rejected": answer(pair.rejected)}


def load(record: Record) -> PreferencePair:
    """Raises BadRecord."""
    prompt = optional_prompt(record)
    chosen, rejected = (_answered(record, side, prompt) for side in REPLIES)
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


def _named(record: Record, attribute: str, default: str) -> str:
    """The record's value for that attribute of the pair."""
    name = fields.one_name(record, [name for name, field in NAMES.items() if field == attribute])
    return fields.short_name(record, name, default) or default


def optional_prompt(record: Record) -> tuple[Message, ...] | None:
    """`prompt`, or `question`, as messages; None without either. Plain text is one user turn. Raises BadRecord."""
    prompts = [_prompt(record[name], name) for name in PROMPTS if not _missing(record.get(name))]
    if len(prompts) > 1 and prompts[0] != prompts[1]:
        raise BadRecord("`prompt` and `question` differ: keep one")
    return prompts[0] if prompts else None


def _missing(value: Any) -> bool:
    return value is None or value == ""


def _prompt(value: Any, name: str) -> tuple[Message, ...]:
    if not isinstance(value, str):
        return conversation.turns(value, name)
    if value.rstrip().endswith("\n\nAssistant:"):
        return hh.opened(value, name)
    return (Message("user", value),)


def _answered(record: Record, side: str, prompt: Sequence[Message] | None) -> tuple[Message, ...]:
    """The prompt and the reply of one side."""
    name = fields.one_name(record, REPLIES[side])
    return conversation_with(prompt, fields.required(record, name), name)


def conversation_with(prompt: Sequence[Message] | None, value: Any, name: str) -> tuple[Message, ...]:
    """The prompt and its reply. `value` is the reply alone, or the whole conversation. Raises BadRecord."""
    if isinstance(value, str):
        if prompt is None:
            raise BadRecord("`prompt` is missing")
        return (*prompt, Message("assistant", value))
    messages = conversation.turns(value, name)
    if len(messages) == 1 and messages[0].role == "assistant":
        if prompt is None:
            raise BadRecord("`prompt` is missing")
        return (*prompt, *messages)
    if prompt is not None and not _matches_prompt(messages[:-1], prompt):
        single = len(messages) < 2 or messages[-1].role != "assistant"
        raise BadRecord(
            f"`{name}` must be one assistant message" if single else f"`{name}` does not begin with `prompt`"
        )
    return _with_prompt_system(prompt, messages)


def _matches_prompt(before: Sequence[Message], prompt: Sequence[Message]) -> bool:
    """Whether the conversation equals the prompt. A prompt of one turn may also be its first or last question."""
    expected, actual = conversation.without_system(prompt), conversation.without_system(before)
    if len(expected) == 1 and len(actual) > 1:
        questions = [message for message in actual if message.role == "user"]
        return bool(questions) and expected[0] in (questions[0], questions[-1])
    return bool(actual) and actual == expected


def _with_prompt_system(
    prompt: Sequence[Message] | None, messages: tuple[Message, ...]
) -> tuple[Message, ...]:
    """Add the system turn of the prompt if the conversation omits it. Raises BadRecord if they differ."""
    system = [message for message in prompt or () if message.role == "system"]
    if not system or messages[0] == system[0]:
        return messages
    if messages[0].role == "system":
        raise BadRecord("the system turns differ: keep one")
    return (*system, *messages)
