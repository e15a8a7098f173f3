"""Converts comparisons to Argilla's format: names of fields and questions, and the body of a record.

Pure functions, without the client. Limits are those of argilla-server 2.8 (`api/schemas/v1`, `validators/`).
"""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from feedback_app.desks.base import DeskRecord, DeskRefused, DeskUnavailable
from feedback_app.domain.comparison import Message
from feedback_app.domain.text_rules import repaired

CHAT, RANKING, OVERALL, ASPECTS, NOTE, EDIT = "conversation", "ranking", "verdict", "aspects", "note", "edit"
ALL_BAD, SOME_GOOD = "all_bad", "some_good"
REPLY = "reply_"
DATASET = "codelynn-"

LONGEST_MESSAGE = 20_000  # characters in one turn of a chat field; an empty one is refused too
MOST_MESSAGES = 500
LONGEST_TERM = 200
FEWEST_REPLIES, MOST_REPLIES = 2, 50  # of a ranking question


class ForeignDataset(DeskRefused):
    """A dataset has our name but other questions: somebody else created or changed it."""


class DatasetGone(DeskUnavailable):
    """The server no longer has a dataset that we knew: it was replaced, or somebody deleted the dataset."""


def dataset_name(replies: int) -> str:
    """One dataset per number of candidates: a submitted ranking must contain every value of its question."""
    return f"{DATASET}{replies}"


def reply_names(replies: int) -> list[str]:
    return [f"{REPLY}{position}" for position in range(1, replies + 1)]


def record_body(record: DeskRecord, user_id: str, known_aspects: Collection[str]) -> dict[str, Any]:
    """The record for the bulk upsert. The owner's ranking is a response of `user_id`; a skip is a discarded response."""
    texts = [repaired(text) for _, text, _ in record.candidates]
    body: dict[str, Any] = {
        "external_id": record.comparison_id,
        "fields": {CHAT: chat(record.messages), **dict(zip(reply_names(len(texts)), texts, strict=True))},
        "metadata": metadata(record),
    }
    if record.ranking is not None:
        values = {name: {"value": value} for name, value in answers(record, known_aspects).items()}
        body["responses"] = [{"user_id": user_id, "status": "submitted", "values": values}]
    elif record.skipped:
        # The official client cannot read a response whose values are null.
        body["responses"] = [{"user_id": user_id, "status": "discarded", "values": {}}]
    return body


def suggestion(record: DeskRecord, question_id: str) -> dict[str, Any] | None:
    """The ranking of the replies by reward, best first; equal rewards share a rank. None without rewards."""
    if not record.scores:
        return None
    steps = sorted(set(record.scores), reverse=True)
    value = [
        {"value": name, "rank": steps.index(score) + 1}
        for name, score in zip(reply_names(len(record.scores)), record.scores, strict=True)
    ]
    agent = record.scorer or "reward-model"
    scores = [win_share(record.scores, i) for i in range(len(record.scores))]
    return {"question_id": question_id, "type": "model", "agent": agent, "value": value, "score": scores}


def win_share(rewards: Sequence[float], i: int) -> float:
    """How often reply i would be preferred to another one by the Bradley–Terry model (1952). Argilla requires scores from 0
    to 1."""
    others = [rewards[i] - reward for j, reward in enumerate(rewards) if j != i]
    return sum(1 / (1 + math.exp(-max(-50.0, min(50.0, gap)))) for gap in others) / len(others)


def answers(record: DeskRecord, known_aspects: Collection[str]) -> dict[str, Any]:
    """Map question names to values. Empty answers are left out, because Argilla refuses an empty list of labels."""
    values: dict[str, Any] = {RANKING: ranks(record), OVERALL: ALL_BAD if record.all_bad else SOME_GOOD}
    if aspects := [aspect for aspect in dict.fromkeys(record.aspects) if aspect in known_aspects]:
        values[ASPECTS] = aspects
    if record.note.strip():
        values[NOTE] = repaired(record.note)
    if record.edit is not None and record.edit.strip():
        values[EDIT] = repaired(record.edit)
    return values


def ranks(record: DeskRecord) -> list[dict[str, Any]]:
    """`[{"value": "reply_1", "rank": 1}, …]`. Ranks start at 1 and are equal in a tie; all bad without groups is one tie."""
    ids = [candidate_id for candidate_id, _, _ in record.candidates]
    names = dict(zip(ids, reply_names(len(ids)), strict=True))
    groups = record.ranking or (tuple(ids),)
    return [
        {"value": names[candidate_id], "rank": rank}
        for rank, group in enumerate(groups, start=1)
        for candidate_id in group
    ]


def metadata(record: DeskRecord) -> dict[str, Any]:
    """Terms to filter by. They include the aspects for which the question has no label."""
    models = {candidate_id: model for candidate_id, _, model in record.candidates}
    winners = record.ranking[0] if record.ranking and not record.all_bad else ()
    terms = {
        "models": [models[candidate_id] for candidate_id, _, _ in record.candidates],
        "winner": [models[candidate_id] for candidate_id in winners],
        "tone": list(record.aspects) if record.ranking else [],
        "annotator": [record.annotator] if record.ranking else [],
    }
    named = {
        name: list(dict.fromkeys(repaired(term)[:LONGEST_TERM] for term in values if term.strip()))
        for name, values in terms.items()
    }
    return {name: values for name, values in named.items() if values}


def chat(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The conversation within Argilla's limits: long turns are split, empty ones left out, and the latest parts kept."""
    parts = [
        {"role": message.role, "content": part}
        for message in messages
        for part in _parts(repaired(message.content))
    ]
    return parts[-MOST_MESSAGES:]


def _parts(text: str) -> Iterator[str]:
    return (text[start : start + LONGEST_MESSAGE] for start in range(0, len(text), LONGEST_MESSAGE))
