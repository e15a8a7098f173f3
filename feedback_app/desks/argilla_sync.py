"""Pushes records to Argilla and pulls responses over one connection, and converts responses to rankings."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from feedback_app.desks import argilla_payload as payload
from feedback_app.desks.argilla_payload import ForeignDataset
from feedback_app.desks.base import OWNER, DeskProblem, DeskRanking, DeskRecord, Pulled, Pushed


def annotator_name(user_id: str, me: str, users: Mapping[str, str]) -> str:
    """OWNER for our own login, else the user's name. A user who is called like OWNER gets a suffix."""
    if user_id == me:
        return OWNER
    name = users.get(user_id, user_id)
    return f"{name}@argilla" if name == OWNER else name


def read_response(
    comparison_id: str, annotator: str, response: Mapping[str, Any]
) -> DeskRanking | DeskProblem:
    """Convert a response of Argilla to a ranking, or say why it cannot be used."""
    at = _date(str(response.get("updated_at", "")))
    match response.get("status"):
        case "discarded":
            return DeskRanking(comparison_id, annotator, "discarded", at=at)
        case "submitted":
            return _submitted(comparison_id, annotator, response.get("values") or {}, at)
        case _:
            return DeskRanking(comparison_id, annotator, "draft", at=at)


def _submitted(
    comparison_id: str, annotator: str, values: Mapping[str, Any], at: datetime
) -> DeskRanking | DeskProblem:
    answers = {name: (answer or {}).get("value") for name, answer in values.items()}
    order = order_of(answers.get(payload.RANKING))
    if order is None:
        return DeskProblem(comparison_id, annotator, "its ranking is not complete: rank every reply")
    edit = answers.get(payload.EDIT)
    return DeskRanking(
        comparison_id,
        annotator,
        "submitted",
        order,
        all_bad=answers.get(payload.OVERALL) == payload.ALL_BAD,
        aspects=tuple(str(aspect) for aspect in answers.get(payload.ASPECTS) or ()),
        note=str(answers.get(payload.NOTE) or ""),
        edit=str(edit) if edit else None,
        at=at,
    )


def order_of(ranks: Any) -> tuple[tuple[int, ...], ...] | None:
    """Convert `[{"value": "reply_2", "rank": 1}, …]` to groups of positions, best first. None unless every reply has
    exactly one rank."""
    try:
        places = {
            int(str(each["value"]).removeprefix(payload.REPLY)): int(each["rank"]) for each in ranks or ()
        }
    except (KeyError, TypeError, ValueError):
        return None
    if not places or len(places) != len(ranks) or sorted(places) != list(range(1, len(places) + 1)):
        return None
    return tuple(
        tuple(sorted(position for position, rank in places.items() if rank == wanted))
        for wanted in sorted(set(places.values()))
    )


def _date(text: str) -> datetime:
    """Parse a date of Argilla, which is UTC without a time zone."""
    date = datetime.fromisoformat(text.replace("Z", "+00:00")) if text else datetime.fromtimestamp(0, UTC)
    return date if date.tzinfo else date.replace(tzinfo=UTC)


if TYPE_CHECKING:
    from feedback_app.desks.argilla_client import ArgillaSession


def push_group(session: ArgillaSession, replies: int, records: Sequence[DeskRecord]) -> Pushed:
    """Update records with the same number of replies, in one call if Argilla accepts them all."""
    try:
        aspects = session.known_aspects(replies)
    except ForeignDataset as error:
        return Pushed(refused=dict.fromkeys([record.comparison_id for record in records], str(error)))
    bodies = [_body(session, replies, record, aspects) for record in records]
    return _upsert(session, replies, list(zip(records, bodies, strict=True)))


def _body(
    session: ArgillaSession, replies: int, record: DeskRecord, aspects: Sequence[str]
) -> dict[str, Any]:
    body = payload.record_body(record, session.user_id, aspects)
    if record.scores:
        body["suggestions"] = [payload.suggestion(record, session.ranking_question(replies))]
    return body


def _upsert(session: ArgillaSession, replies: int, pairs: list[tuple[DeskRecord, dict[str, Any]]]) -> Pushed:
    """Send records; a refused call is split in halves until the refused record is alone."""
    try:
        stored = session.upsert([body for _, body in pairs], replies)
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.UNPROCESSABLE_ENTITY:
            raise
        if len(pairs) == 1:
            return Pushed(
                refused={pairs[0][0].comparison_id: "Argilla says that it does not fit its dataset"}
            )
        half = len(pairs) // 2
        first, second = _upsert(session, replies, pairs[:half]), _upsert(session, replies, pairs[half:])
        return Pushed(first.rankings + second.rankings, {**first.refused, **second.refused})
    stored_rankings = [
        _stored_ranking(session, record, item) for (record, _), item in zip(pairs, stored, strict=True)
    ]
    return Pushed(tuple(ranking for ranking in stored_rankings if ranking))


def _stored_ranking(session: ArgillaSession, record: DeskRecord, item: dict[str, Any]) -> DeskRanking | None:
    """The owner's ranking as stored at the desk. It is withdrawn there if the comparison has none any more."""
    own = next((r for r in item.get("responses") or () if r["user_id"] == session.user_id), None)
    if own is None:
        return None
    if record.ranking is None and not record.skipped:
        if own["status"] != "draft":  # somebody is writing a draft, which must stay
            session.withdraw(own["id"])
        return None
    response = read_response(record.comparison_id, OWNER, own)
    return response if isinstance(response, DeskRanking) else None


def delete_all(session: ArgillaSession, comparison_ids: Collection[str]) -> None:
    """Delete the records of these comparisons, and every response to them."""
    for dataset_id in session.activity():
        items = session.records(dataset_id)
        going = [item["id"] for item in items if item.get("external_id") in comparison_ids]
        session.delete(dataset_id, going)


def pull_all(session: ArgillaSession, mark: str) -> Pulled | None:
    """All responses in our datasets; None if nobody has answered since `mark`."""
    activity = session.activity()
    new_mark = json.dumps(activity, sort_keys=True)
    if new_mark == mark:
        return None
    users = session.users()
    listed: set[str] = set()
    rankings: list[DeskRanking] = []
    problems: list[DeskProblem] = []
    for dataset_id in activity:
        for item in session.records(dataset_id):
            if not (comparison_id := item.get("external_id")):
                continue
            listed.add(comparison_id)
            for response in item.get("responses") or ():
                if response["user_id"] is None:  # its user was deleted and is no longer known
                    continue
                annotator = annotator_name(response["user_id"], session.user_id, users)
                item_read = read_response(comparison_id, annotator, response)
                (problems if isinstance(item_read, DeskProblem) else rankings).append(item_read)  # type: ignore[arg-type]
    names = frozenset(annotator_name(user_id, session.user_id, users) for user_id in users)
    return Pulled(new_mark, frozenset(listed), tuple(rankings), tuple(problems), names | {OWNER})
