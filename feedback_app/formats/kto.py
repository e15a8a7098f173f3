"""TRL's unpaired preference format for KTO: `prompt`, `completion`, `label` (true is good).

https://huggingface.co/docs/trl/dataset_formats#unpaired-preference
Read too: the whole conversation in `messages` or `completion`, and `kto_tag` for `label`, as in LLaMA-Factory.
"""

from typing import Any

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


def carried(rating: Rating) -> bool:
    """Whether a file can carry the rating: exactly if an import would take it."""
    try:
        fields.prompt(rating.prompt)
        fields.filled(rating.reply, "completion")
    except BadRecord:
        return False
    return True


def rating_id(rating: Rating) -> str:
    """The same for the same prompt, reply and label."""
    return content_id("rating", dump(rating))


def dump(rating: Rating) -> dict[str, Any]:
    return {
        "prompt": trl.turns(rating.prompt),
        "completion": trl.answer(rating.reply),
        "label": rating.good,
    }


def load(record: Record) -> Rating:
    """The rated reply is `completion`, or the last turn of `messages`. Raises BadRecord."""
    given = trl.optional_prompt(record)
    name = next((name for name in REPLIES if record.get(name) is not None), "")
    if not name:
        raise BadRecord("`prompt` is missing" if given is None else "`completion` is missing")
    said = trl.conversation_with(given, record[name], name)
    if name == "completion":
        conversation.same(record, "messages", [said], "`prompt` and `completion`")
    turns = conversation.with_system(record, said)
    return Rating(
        prompt=fields.prompt(turns[:-1]),
        reply=fields.reply(turns[-1:], name),
        good=verdict(record),
        source="import:kto",
    )


def verdict(record: Record) -> bool:
    """Whether the reply was good: `label`, which LLaMA-Factory calls `kto_tag`. Raises BadRecord."""
    found = {fields.as_bool(record[name], name) for name in LABELS if record.get(name) is not None}
    if not found:
        raise BadRecord("`label` is missing")
    if len(found) > 1:
        raise BadRecord("`label` and `kto_tag` differ: keep one")
    return found.pop()
