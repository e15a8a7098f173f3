"""OpenBMB's UltraFeedback: an `instruction` and `completions`, each with scores by a judge model. Read only.

https://github.com/OpenBMB/UltraFeedback (the columns of its data set)
The score of a reply is the mean of its ratings for the four aspects, as in the authors' training data, or `overall_score` if those
are missing.
"""

from statistics import fmean
from typing import Any

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.formats import comparisons, fields, unused
from feedback_app.formats.comparisons import LeftOut, ModelReply
from feedback_app.formats.errors import BadRecord
from feedback_app.formats.fields import Record

# Each reply was written under its own hidden instruction (`custom_system_prompt`, from `principle`), which a ranking cannot hold.
USED = frozenset({"instruction", "completions", "models", "correct_answers", "incorrect_answers"})
REPLY = frozenset(
    {"model", "response", "annotations", "fine-grained_score", "overall_score", "critique", "principle"}
    | {"custom_system_prompt"}
)
UNSCORED = LeftOut("reply without a score")
TOO_FEW = LeftOut("prompt with fewer than two scored replies")


def load(record: Record) -> list[Comparison | LeftOut]:
    """The replies as one ranking, best first. Raises BadRecord."""
    listed = fields.as_list(fields.required(record, "completions"), "completions")
    replies = [_scored(fields.as_object(one, "completions[]")) for one in listed]
    scored = [(reply, score) for reply, score in replies if score is not None]
    left: list[Comparison | LeftOut] = [UNSCORED] * (len(replies) - len(scored))
    if len(scored) < 2:
        return [TOO_FEW, *left]
    prompt = Message("user", fields.as_text(fields.required(record, "instruction"), "instruction"))
    groups = comparisons.by_score([score for _, score in scored])
    return [comparisons.build("ultrafeedback", [prompt], [reply for reply, _ in scored], groups), *left]


def _scored(record: Record) -> tuple[ModelReply, float | None]:
    unused.refuse_unread(record, REPLY, " in `completions`")
    text = fields.as_text(fields.required(record, "response"), "response")
    return ModelReply(text, comparisons.model(record, "model")), _score(record)


def _score(record: Record) -> float | None:
    score = _number(record.get("fine-grained_score"))
    if score is not None:
        return score
    aspects = fields.as_object(record.get("annotations") or {}, "annotations")
    ratings = [_rating(aspect) for aspect in aspects.values()]
    known = [rating for rating in ratings if rating is not None]
    return fmean(known) if known else _number(record.get("overall_score"))


def _rating(aspect: Any) -> float | None:
    """The rating of an aspect; some are `N/A`."""
    return _number(aspect.get("Rating")) if isinstance(aspect, dict) else None


def _number(value: Any) -> float | None:
    """A number, which the data set may write as text."""
    if value is None or value == "N/A":
        return None
    try:
        number = (
            float(value)
            if isinstance(value, str | int | float) and not isinstance(value, bool)
            else float("nan")
        )
    except (ValueError, OverflowError):
        number = float("nan")
    if not abs(number) < 1e9:  # NaN too
        raise BadRecord("a score must be a number")
    return number
