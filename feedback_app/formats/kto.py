"""TRL's unpaired preference format for KTO: `prompt`, `completion`, `label` (true is good).

https://huggingface.co/docs/trl/dataset_formats#unpaired-preference
"""

from typing import Any

from feedback_app.domain.preference import PreferencePair, Rating
from feedback_app.formats import fields, trl
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record
from feedback_app.formats.identity import content_id


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
    """Raises BadRecord."""
    return Rating(
        prompt=trl.load_prompt(record),
        reply=trl.load_reply(fields.required(record, "completion"), "completion"),
        good=fields.as_bool(fields.required(record, "label"), "label"),
        source="import:kto",
    )
