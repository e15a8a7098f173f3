"""NVIDIA's HelpSteer, HelpSteer2 (scores and preferences) and HelpSteer3 (preferences). Read only.

https://huggingface.co/datasets/nvidia/HelpSteer2, https://huggingface.co/datasets/nvidia/HelpSteer3
A preference ranges from -3 (the first reply is much better) to 3 (the second is). Single replies have scores from 0 to 4: replies to
the same prompt are ranked by helpfulness, as the authors do.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.formats import comparisons, conversation, fields, unused
from feedback_app.formats.comparisons import FIRST, SECOND, TIE, Groups, LeftOut, ModelReply
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

SCORES = ("helpfulness", "correctness", "coherence", "complexity", "verbosity")
REPLIES = (("response1", "response2"), ("response_1", "response_2"))
USED = frozenset(
    {
        "prompt",
        "context",
        "response",
        *SCORES,
        *REPLIES[0],
        *REPLIES[1],
        "overall_preference",
        "preference_strength",
    }
    | {"preference_statement", "preference_elaboration", "individual_preference"}
    | {"three_most_similar_preferences", "all_preferences_unprocessed"}
)
INDIVIDUAL = frozenset({"score", "reasoning", "feedback1", "feedback2"})
SPEAKER = re.compile(r"\n?<extra_id_1>(User|Assistant)\n")
SINGLE = LeftOut("reply that is the only one to its prompt")


@dataclass(frozen=True, slots=True)
class Scored:
    """One reply with its helpfulness."""

    prompt: tuple[Message, ...]
    reply: str
    helpfulness: float


def load(record: Record) -> Comparison | Scored:
    """Raises BadRecord."""
    if record.get("response") is not None:
        reply = fields.as_text(record["response"], "response")
        score = _whole(record, "helpfulness", range(5))
        for name in SCORES[1:]:
            if record.get(name) is not None:
                _whole(record, name, range(5))
        return Scored(fields.prompt(_prompt(record)), fields.encodable(reply, "response"), score)
    names = next((names for names in REPLIES if record.get(names[0]) is not None), REPLIES[0])
    for each, other in zip(*REPLIES, strict=True):
        fields.one_name(record, (each, other))
    replies = [ModelReply(fields.as_text(fields.required(record, name), name)) for name in names]
    strength = fields.one_name(record, ("overall_preference", "preference_strength"))
    groups = _groups(_whole(record, strength, range(-3, 4)))
    note = "\n".join(
        fields.as_text(record[name], name)
        for name in ("preference_statement", "preference_elaboration")
        if not unused.empty(record.get(name))
    )
    return comparisons.build("helpsteer", _prompt(record), replies, groups, note=note, others=_others(record))


def grouped(values: Iterable[Comparison | Scored]) -> Iterator[Comparison | LeftOut]:
    """Preferences in their order, then one ranking per prompt of the single replies, in the order of the prompts."""
    prompts: dict[tuple[Message, ...], dict[str, float]] = {}
    for value in values:
        if isinstance(value, Scored):
            prompts.setdefault(value.prompt, {}).setdefault(value.reply, value.helpfulness)
        else:
            yield value
    for prompt, scores in prompts.items():
        if len(scores) < 2:
            yield SINGLE
        else:
            groups = comparisons.by_score(list(scores.values()))
            yield comparisons.build("helpsteer", prompt, list(map(ModelReply, scores)), groups)


def _prompt(record: Record) -> tuple[Message, ...]:
    """`context` as turns, or `prompt` as text with a mark before each later turn."""
    if record.get("context") is not None:
        return conversation.turns(record["context"], "context")
    first, *rest = SPEAKER.split(fields.as_text(fields.required(record, "prompt"), "prompt"))
    turns = [Message("user", first)] if first.strip() or not rest else []
    for speaker, text in zip(rest[::2], rest[1::2], strict=True):
        turns.append(Message("user" if speaker == "User" else "assistant", text))
    return tuple(turns)


def _others(record: Record) -> Mapping[str, tuple[Groups, str]]:
    """The preference of each of HelpSteer3's annotators."""
    listed = fields.as_list(record.get("individual_preference") or [], "individual_preference")
    return {f"annotator{i}": _individual(one) for i, one in enumerate(listed, start=1)}


def _individual(value: Any) -> tuple[Groups, str]:
    individual = fields.as_object(value, "individual_preference[]")
    unused.refuse_unread(individual, INDIVIDUAL, " in `individual_preference`")
    reasoning = fields.as_text(individual.get("reasoning") or "", "reasoning")
    return _groups(_whole(individual, "score", range(-3, 4))), reasoning


def _groups(strength: float) -> Groups:
    return TIE if strength == 0 else FIRST if strength < 0 else SECOND


def _whole(record: Record, name: str, allowed: range) -> float:
    value = fields.required(record, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in allowed:
        raise BadRecord(f"`{name}` must be a whole number from {allowed[0]} to {allowed[-1]}")
    return value
