"""What a comparison looks like in Argilla: names of fields and questions, and the body of one record.

Pure functions, without the client. Limits are those of argilla-server 2.8 (`api/schemas/v1`, `validators/`).
"""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from feedback_app.desks.base import DeskRecord, DeskRefused, DeskUnavailable
from feedback_app.domain.comparison import Message
from feedback_app.domain.text_rules import mended

CHAT, RANKING, VERDICT, ASPECTS, NOTE, EDIT = "conversation", "ranking", "verdict", "aspects", "note", "edit"
ALL_BAD, SOME_GOOD = "all_bad", "some_good"
REPLY = "reply_"
DATASET = "codelynn-"

LONGEST_MESSAGE = 20_000  # characters in one turn of a chat field; an empty one is refused too
MOST_MESSAGES = 500
LONGEST_TERM = 200
FEWEST_REPLIES, MOST_REPLIES = 2, 50  # of a ranking question


class ForeignDataset(DeskRefused):
    """A dataset has our name and other questions: somebody else made it, or changed it."""


class DatasetGone(DeskUnavailable):
    """The server has no dataset of the id that we knew: it was replaced, or somebody deleted the dataset."""


def dataset_name(replies: int) -> str:
    """One dataset per number of candidates: a submitted ranking must contain every value of its question."""
    return f"{DATASET}{replies}"


def reply_names(replies: int) -> list[str]:
    return [f"{REPLY}{position}" for position in range(1, replies + 1)]


def record_body(record: DeskRecord, user_id: str, known_aspects: Collection[str]) -> dict[str, Any]:
    """The record as the bulk upsert takes it; the owner's verdict is a response of `user_id`, a skip a discarded one."""
    texts = [mended(text) for _, text, _ in record.candidates]
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
    """How the rewards rank the replies, best first; equal rewards share a rank. None where there are none."""
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
    """How often reply i would be preferred to another one, by Bradley and Terry (1952): Argilla wants scores from 0 to 1."""
    others = [rewards[i] - reward for j, reward in enumerate(rewards) if j != i]
    return sum(1 / (1 + math.exp(-max(-50.0, min(50.0, gap)))) for gap in others) / len(others)


def answers(record: DeskRecord, known_aspects: Collection[str]) -> dict[str, Any]:
    """Question name → value. What was left empty is left out: Argilla refuses an empty list of labels."""
    given: dict[str, Any] = {RANKING: ranks(record), VERDICT: ALL_BAD if record.all_bad else SOME_GOOD}
    if aspects := [aspect for aspect in dict.fromkeys(record.aspects) if aspect in known_aspects]:
        given[ASPECTS] = aspects
    if record.note.strip():
        given[NOTE] = mended(record.note)
    if record.edit is not None and record.edit.strip():
        given[EDIT] = mended(record.edit)
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
        "tone": list(record.aspects) if record.ranking else [],
        "annotator": [record.annotator] if record.ranking else [],
    }
    named = {
        name: list(dict.fromkeys(mended(term)[:LONGEST_TERM] for term in found if term.strip()))
        for name, found in terms.items()
    }
    return {name: found for name, found in named.items() if found}


def chat(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The conversation within Argilla's limits: long turns in parts, empty ones left out, the latest parts kept."""
    parts = [
        {"role": message.role, "content": part}
        for message in messages
        for part in _parts(mended(message.content))
    ]
    return parts[-MOST_MESSAGES:]


def _parts(text: str) -> Iterator[str]:
    return (text[start : start + LONGEST_MESSAGE] for start in range(0, len(text), LONGEST_MESSAGE))
