"""What a comparison looks like in Argilla: names of fields and questions, and the body of one record.

Pure functions, without the client. Limits are those of argilla-server 2.8 (`api/schemas/v1`, `validators/`).
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from feedback_app.desks.base import DeskRecord, DeskUnavailable
from feedback_app.domain.comparison import Message

CHAT, RANKING, VERDICT, ASPECTS, NOTE, EDIT = "conversation", "ranking", "verdict", "aspects", "note", "edit"
ALL_BAD, SOME_GOOD = "all_bad", "some_good"

LONGEST_MESSAGE = 20_000  # characters in one turn of a chat field; an empty one is refused too
MOST_MESSAGES = 500
LONGEST_TERM = 200
FEWEST_REPLIES, MOST_REPLIES = 2, 50  # of a ranking question


class DatasetGone(DeskUnavailable):
    """The server has no dataset of the id that we knew: it was replaced, or somebody deleted the dataset."""


def dataset_name(replies: int) -> str:
    """One dataset per number of candidates: a submitted ranking must contain every value of its question."""
    return f"codelynn-{replies}"


def reply_names(replies: int) -> list[str]:
    return [f"reply_{position}" for position in range(1, replies + 1)]


def has_verdict(record: DeskRecord) -> bool:
    return record.ranking is not None or record.all_bad


def record_body(record: DeskRecord, user_id: str, known_aspects: Collection[str]) -> dict[str, Any]:
    """The record as the bulk upsert takes it; the verdict is a submitted response of `user_id`."""
    texts = [clean(text) for _, text, _ in record.candidates]
    body: dict[str, Any] = {
        "external_id": record.comparison_id,
        "fields": {CHAT: chat(record.messages), **dict(zip(reply_names(len(texts)), texts, strict=True))},
        "metadata": metadata(record),
    }
    if has_verdict(record):
        values = {name: {"value": value} for name, value in answers(record, known_aspects).items()}
        body["responses"] = [{"user_id": user_id, "status": "submitted", "values": values}]
    return body


def answers(record: DeskRecord, known_aspects: Collection[str]) -> dict[str, Any]:
    """Question name → value. What was left empty is left out: Argilla refuses an empty list of labels."""
    given: dict[str, Any] = {RANKING: ranks(record), VERDICT: ALL_BAD if record.all_bad else SOME_GOOD}
    if aspects := [aspect for aspect in dict.fromkeys(record.aspects) if aspect in known_aspects]:
        given[ASPECTS] = aspects
    if record.note.strip():
        given[NOTE] = clean(record.note)
    if record.edit is not None and record.edit.strip():
        given[EDIT] = clean(record.edit)
    return given


def ranks(record: DeskRecord) -> list[dict[str, Any]]:
    """`[{"value": "reply_1", "rank": 1}, …]`: ranks from 1, equal for a tie; all bad without groups is one tie."""
    ids = [candidate_id for candidate_id, _, _ in record.candidates]
    names = dict(zip(ids, reply_names(len(ids)), strict=True))
    groups = record.ranking or (tuple(ids),)
    return [
        {"value": names[candidate_id], "rank": rank}
        for rank, group in enumerate(groups, start=1)
        for candidate_id in group
    ]


def metadata(record: DeskRecord) -> dict[str, Any]:
    """Terms to filter by. All aspects are here, also those that the question has no label for."""
    models = {candidate_id: model for candidate_id, _, model in record.candidates}
    winners = record.ranking[0] if record.ranking and not record.all_bad else ()
    terms = {
        "models": [models[candidate_id] for candidate_id, _, _ in record.candidates],
        "winner": [models[candidate_id] for candidate_id in winners],
        "tone": list(record.aspects) if has_verdict(record) else [],
        "annotator": [record.annotator] if has_verdict(record) else [],
    }
    named = {
        name: list(dict.fromkeys(clean(term)[:LONGEST_TERM] for term in found if term.strip()))
        for name, found in terms.items()
    }
    return {name: found for name, found in named.items() if found}


def chat(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The conversation within Argilla's limits: long turns in parts, empty ones left out, the latest parts kept."""
    parts = [
        {"role": message.role, "content": part}
        for message in messages
        for part in _parts(clean(message.content))
    ]
    return parts[-MOST_MESSAGES:]


def _parts(text: str) -> Iterator[str]:
    return (text[start : start + LONGEST_MESSAGE] for start in range(0, len(text), LONGEST_MESSAGE))


def clean(text: str) -> str:
    """Text that JSON and PostgreSQL can hold: no NUL, no half of a surrogate pair."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
