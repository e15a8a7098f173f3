"""TRL's unpaired preference format for KTO: `prompt`, `completion`, `label` (true is good).

https://huggingface.co/docs/trl/dataset_formats#unpaired-preference
It also reads the whole conversation in `messages` or `completion`, and `kto_tag` for `label`, as in LLaMA-Factory.
"""

from typing import Any

from feedback_app.domain.documents import PairDocument, Turns, turns
from feedback_app.domain.preference import PreferencePair, Rating
from feedback_app.formats import conversation, fields, trl
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record, content_id

REPLIES = ("completion", "messages")
LABELS = ("label", "kto_tag")
USED = frozenset({*trl.PROMPTS, *conversation.SYSTEM, *REPLIES, *LABELS})


def taken_apart(pair: PreferencePair) -> tuple[Rating, Rating]:
    """The pair as two ratings: chosen good, rejected bad."""
    return (
        Rating(pair.prompt, pair.chosen, good=True, source="ranking"),
        Rating(pair.prompt, pair.rejected, good=False, source="ranking"),
    )


def fits(prompt: Turns, reply: str) -> bool:
    """Whether an import would accept the prompt and its reply."""
    return fields.prompt_fits(prompt) and fields.reply_fits(reply)


def carried(rating: Rating) -> bool:
    """Whether the rating can be exported, which is the case if an import would accept it."""
    return fits(turns(rating.prompt), rating.reply)


def rating_id(rating: Rating) -> str:
    """The id of a rating, computed from prompt, reply and label."""
    return content_id_of(dump(rating))


def content_id_of(record: Record) -> str:
    """The id of the rating on a record."""
    return content_id("rating", record)


def dump(rating: Rating) -> dict[str, Any]:
    return record_of(turns(rating.prompt), rating.reply, rating.good)


def record_of(prompt: Turns, reply: str, good: bool) -> dict[str, Any]:
    """The record that holds the rated reply."""
    return {"prompt": prompt, "completion": trl.answer(reply), "label": good}


def record_of_reply(pair: PairDocument, chosen: bool) -> dict[str, Any]:
    """One reply of a pair: chosen is good, rejected is bad."""
    return record_of(pair.prompt, pair.chosen if chosen else pair.rejected, chosen)


def load(record: Record) -> Rating:
    """The rated reply is `completion`, or the last turn of `messages`. Raises BadRecord."""
    prompt = trl.optional_prompt(record)
    name = next((name for name in REPLIES if record.get(name) is not None), "")
    if not name:
        raise BadRecord("`prompt` is missing" if prompt is None else "`completion` is missing")
    messages = trl.conversation_with(prompt, record[name], name)
    if name == "completion":
        conversation.same(record, "messages", [messages], "`prompt` and `completion`")
    whole = conversation.with_system(record, messages)
    return Rating(
        prompt=fields.prompt(whole[:-1]),
        reply=fields.reply(whole[-1:], name),
        good=label(record),
        source="import:kto",
    )


def label(record: Record) -> bool:
    """Whether the reply is good: `label`, which LLaMA-Factory calls `kto_tag`. Raises BadRecord."""
    labels = {fields.as_bool(record[name], name) for name in LABELS if record.get(name) is not None}
    if not labels:
        raise BadRecord("`label` is missing")
    if len(labels) > 1:
        raise BadRecord("`label` and `kto_tag` differ: keep one")
    return labels.pop()
