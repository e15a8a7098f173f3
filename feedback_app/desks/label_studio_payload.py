"""Converts comparisons to Label Studio's format and back: labelling configurations, tasks, annotations, predictions.

Pure functions, without the client. Everything is plain text: no tag renders HTML or Markdown, because model output is
untrusted. Positions count from 1 in display order; they name the replies and are the ids of ranked items.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from feedback_app.desks.base import OWNER, DeskRanking, DeskRecord
from feedback_app.domain.comparison import Message
from feedback_app.domain.text_rules import repaired

RANKING, OVERALL, ASPECTS, NOTE, EDIT = "ranking", "verdict", "aspects", "note", "edit"
TIE, ALL_BAD = "They are equal", "All are bad"
COMPARISON_ID, CONVERSATION, REPLIES = "comparison_id", "conversation", "replies"
SIDES = {"left": ((1,), (2,)), "right": ((2,), (1,))}
FEWEST_REPLIES, MOST_REPLIES = 2, 20
TITLE = re.compile(r"codelynn-(\d+)")

Order = tuple[tuple[int, ...], ...]


class UnusableAnnotation(ValueError):
    """An annotation cannot be used. The message says why, without any text of the record."""


def title(replies: int) -> str:
    """One project per number of candidates: the configuration names each of them."""
    return f"codelynn-{replies}"


def question_types(replies: int) -> dict[str, str]:
    """Map the names of our questions to their tags."""
    ranking = "Pairwise" if replies == 2 else "Ranker"
    return {RANKING: ranking, OVERALL: "Choices", ASPECTS: "Choices", NOTE: "TextArea", EDIT: "TextArea"}


def odd_question(replies: int, parsed_config: Mapping[str, Any]) -> str | None:
    """The first of our questions that was changed or removed in the project; None if all are intact."""
    for name, tag in question_types(replies).items():
        question = parsed_config.get(name)
        if not isinstance(question, Mapping) or question.get("type") != tag:
            return name
    labels = parsed_config[OVERALL].get("labels") or ()
    return None if ALL_BAD in labels and (replies > 2 or TIE in labels) else OVERALL


def config(replies: int, aspects: Sequence[str]) -> str:
    """The labelling configuration (XML) for that number of candidates."""
    choices = [TIE, ALL_BAD] if replies == 2 else [ALL_BAD]
    return "\n".join(
        (
            "<View>",
            "<Style>.htx-ranker-item p { white-space: pre-wrap; }</Style>",
            f'<Text name="{CONVERSATION}" value="${CONVERSATION}" valueType="text"/>',
            _pair() if replies == 2 else _ranker(replies),
            _choices(OVERALL, choices, "single-radio"),
            '<Header value="Tone" size="6"/>',
            _choices(ASPECTS, aspects, "multiple"),
            _text_area(NOTE, "Note", 2),
            _text_area(EDIT, "How it should read", 4),
            "</View>",
        )
    )


def _pair() -> str:
    column = '<View style="flex: 1"><Text name="{0}" value="${0}" valueType="text"/></View>'
    columns = "".join(column.format(name) for name in reply_names(2))
    heading = '<Header value="Click the better reply" size="6"/>'
    pair = f'<Pairwise name="{RANKING}" toName="{",".join(reply_names(2))}"/>'
    return f'{heading}{pair}<View style="display: flex; gap: 1em">{columns}</View>'


def _ranker(replies: int) -> str:
    buckets = "".join(f'<Bucket name="{place(n)}" title="Place {n}"/>' for n in range(1, replies + 1))
    heading = '<Header value="Drag every reply to a place; replies in one place are a tie" size="6"/>'
    items = f'<List name="{REPLIES}" value="${REPLIES}" title="Replies"/>'
    return f'{heading}{items}<Ranker name="{RANKING}" toName="{REPLIES}">{buckets}</Ranker>'


def _choices(name: str, values: Sequence[str], choice: str) -> str:
    options = "".join(f"<Choice value={quoteattr(value)}/>" for value in values)
    return f'<Choices name="{name}" toName="{CONVERSATION}" choice="{choice}" showInline="true">{options}</Choices>'


def _text_area(name: str, heading: str, rows: int) -> str:
    area = (
        f'<TextArea name="{name}" toName="{CONVERSATION}" rows="{rows}" maxSubmissions="1" editable="true"/>'
    )
    return f'<Header value="{heading}" size="6"/>{area}'


def place(number: int) -> str:
    return f"place_{number}"


def reply_names(replies: int) -> list[str]:
    return [f"reply_{position}" for position in range(1, replies + 1)]


def task_data(record: DeskRecord) -> dict[str, Any]:
    """What annotators see. Model names are left out, because ranking is blind."""
    texts = [repaired(text) for _, text, _ in record.candidates]
    data: dict[str, Any] = {
        COMPARISON_ID: record.comparison_id,
        CONVERSATION: conversation(record.messages),
    }
    if len(texts) == 2:
        return {**data, **dict(zip(reply_names(2), texts, strict=True))}
    items = [
        {"id": str(position), "title": f"Reply {position}", "body": text}
        for position, text in enumerate(texts, start=1)
    ]
    return {**data, REPLIES: items}


def conversation(messages: Sequence[Message]) -> str:
    return "\n\n".join(f"{message.role}: {repaired(message.content)}" for message in messages)


def owner_ranking(record: DeskRecord, known_aspects: Collection[str]) -> DeskRanking | None:
    """The owner's ranking in the form that this desk can store; None if there is none."""
    if record.ranking is None and not record.all_bad:
        return DeskRanking(record.comparison_id, OWNER, "discarded") if record.skipped else None
    edit = repaired(record.edit) if record.edit is not None and record.edit.strip() else None
    return DeskRanking(
        comparison_id=record.comparison_id,
        annotator=OWNER,
        state="submitted",
        order=positions(record),
        all_bad=record.all_bad,
        aspects=tuple(aspect for aspect in dict.fromkeys(record.aspects) if aspect in known_aspects),
        note=repaired(record.note) if record.note.strip() else "",
        edit=edit,
    )


def positions(record: DeskRecord) -> Order:
    """The ranking as positions, sorted within a tie. All bad without groups is one tie."""
    ids = [candidate_id for candidate_id, _, _ in record.candidates]
    at = {candidate_id: position for position, candidate_id in enumerate(ids, start=1)}
    groups = record.ranking or (tuple(ids),)
    return tuple(tuple(sorted(at[candidate_id] for candidate_id in group)) for group in groups)


def annotation(ranking: DeskRanking, replies: int) -> dict[str, Any]:
    """The body of an annotation with this ranking. A skipped record gives a cancelled annotation."""
    if ranking.state == "discarded":
        return {"result": [], "was_cancelled": True}
    chosen = [ALL_BAD] if ranking.all_bad else []
    tie = len(ranking.order) == 1
    if replies == 2 and tie and not ranking.all_bad:
        chosen = [TIE]
    results = [
        *([] if replies == 2 and tie else [ranking_result(ranking.order, replies)]),
        *([_result(OVERALL, "choices", chosen)] if chosen else []),
        *([_result(ASPECTS, "choices", list(ranking.aspects))] if ranking.aspects else []),
        *([_result(NOTE, "textarea", [ranking.note], "text")] if ranking.note else []),
        *([_result(EDIT, "textarea", [ranking.edit], "text")] if ranking.edit else []),
    ]
    return {"result": results, "was_cancelled": False}


def ranking_result(order: Order, replies: int) -> dict[str, Any]:
    """The ranking as the labelling page writes it. For a pair, `to_name` is the question itself."""
    if replies == 2:
        side = next(side for side, sides in SIDES.items() if sides == order)
        return {**_result(RANKING, "pairwise", side, "selected"), "to_name": RANKING}
    groups = [*order, *((),) * (replies - len(order))]
    buckets = {place(n): [str(position) for position in group] for n, group in enumerate(groups, start=1)}
    return {**_result(RANKING, "ranker", buckets), "to_name": REPLIES}


def _result(name: str, kind: str, value: Any, key: str = "") -> dict[str, Any]:
    return {
        "id": name,
        "from_name": name,
        "to_name": CONVERSATION,
        "type": kind,
        "value": {key or kind: value},
    }


def prediction(record: DeskRecord) -> dict[str, Any] | None:
    """The order by reward. Its score is the lead of the best reply, so that sorting by it shows close comparisons first."""
    replies = len(record.candidates)
    if len(record.scores) != replies:
        return None
    best_first = sorted(set(record.scores), reverse=True)
    order = tuple(
        tuple(position for position, score in enumerate(record.scores, start=1) if score == level)
        for level in best_first
    )
    result = [] if replies == 2 and len(order) == 1 else [ranking_result(order, replies)]
    lead = best_first[0] - best_first[1] if len(best_first) > 1 else 0.0
    return {"model_version": record.scorer, "score": lead, "result": result}


def read_ranking(stored: Mapping[str, Any], comparison_id: str, annotator: str, replies: int) -> DeskRanking:
    """Convert an annotation to a ranking. Raises UnusableAnnotation."""
    at = _time(stored.get("updated_at"))
    if stored.get("was_cancelled"):
        return DeskRanking(comparison_id, annotator, "discarded", at=at)
    values = _values(stored.get("result"))
    chosen = _strings(values, OVERALL, "choices")
    all_bad = ALL_BAD in chosen
    edit = "\n".join(_strings(values, EDIT, "text"))
    return DeskRanking(
        comparison_id=comparison_id,
        annotator=annotator,
        state="submitted",
        order=_order(values.get(RANKING, {}), replies, tie=TIE in chosen, all_bad=all_bad),
        all_bad=all_bad,
        aspects=tuple(_strings(values, ASPECTS, "choices")),
        note="\n".join(_strings(values, NOTE, "text")),
        edit=edit or None,
        at=at,
    )


def _values(result: object) -> dict[str, Mapping[str, Any]]:
    """Map questions to their values."""
    if not isinstance(result, list):
        raise UnusableAnnotation("it has no answers")
    parts = [part for part in result if isinstance(part, Mapping) and isinstance(part.get("value"), Mapping)]
    return {str(part.get("from_name")): part["value"] for part in parts}


def _strings(values: Mapping[str, Mapping[str, Any]], name: str, key: str) -> list[str]:
    answer = values.get(name, {}).get(key) or []
    listed = answer if isinstance(answer, list) else [answer]
    if not all(isinstance(each, str) for each in listed):
        raise UnusableAnnotation(f"its answer to `{name}` is not text")
    return listed


def _order(value: Mapping[str, Any], replies: int, *, tie: bool, all_bad: bool) -> Order:
    whole: Order = (tuple(range(1, replies + 1)),)
    groups = _pair_order(value, tie) if replies == 2 else _ranker_order(value, replies)
    if sorted(position for group in groups for position in group) == list(whole[0]):
        return groups
    if all_bad:  # the order does not matter
        return whole
    raise UnusableAnnotation("its ranking is not complete")


def _pair_order(value: Mapping[str, Any], tie: bool) -> Order:
    selected = value.get("selected")
    if tie and selected in SIDES:
        raise UnusableAnnotation(f"it says both that one reply is better and `{TIE}`")
    return ((1, 2),) if tie else SIDES.get(str(selected), ())


def _ranker_order(value: Mapping[str, Any], replies: int) -> Order:
    """Groups by place, without empty places. Replies in no place (the list itself is `_`) are not ranked."""
    buckets = value.get("ranker")
    if not isinstance(buckets, Mapping):
        return ()
    known = {str(position): position for position in range(1, replies + 1)}
    groups = []
    for number in range(1, replies + 1):
        bucket = buckets.get(place(number)) or []
        if not isinstance(bucket, list) or not all(
            isinstance(each, str) and each in known for each in bucket
        ):
            raise UnusableAnnotation("its ranking names a reply that is not there")
        groups.append(tuple(sorted(known[each] for each in bucket)))
    return tuple(group for group in groups if group)


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
