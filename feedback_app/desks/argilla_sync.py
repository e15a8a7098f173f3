"""What Argilla's records and responses say, as verdicts. Pure; whatever a person may have done to them is expected."""

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
    """OWNER for our own login; another user's name, told apart from OWNER if need be."""
    if user_id == me:
        return OWNER
    name = users.get(user_id, user_id)
    return f"{name}@argilla" if name == OWNER else name


def read_response(
    comparison_id: str, annotator: str, response: Mapping[str, Any]
) -> DeskRanking | DeskProblem:
    """A response of Argilla as a verdict, or why it is none."""
    at = _moment(str(response.get("updated_at", "")))
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
    given = {name: (answer or {}).get("value") for name, answer in values.items()}
    order = order_of(given.get(payload.RANKING))
    if order is None:
        return DeskProblem(comparison_id, annotator, "its ranking is not complete: rank every reply")
    edit = given.get(payload.EDIT)
    return DeskRanking(
        comparison_id,
        annotator,
        "submitted",
        order,
        all_bad=given.get(payload.VERDICT) == payload.ALL_BAD,
        aspects=tuple(str(aspect) for aspect in given.get(payload.ASPECTS) or ()),
        note=str(given.get(payload.NOTE) or ""),
        edit=str(edit) if edit else None,
        at=at,
    )


def order_of(ranks: Any) -> tuple[tuple[int, ...], ...] | None:
    """`[{"value": "reply_2", "rank": 1}, …]` as groups of positions, best first; None unless each of the replies from 1
    on has one rank."""
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


def _moment(text: str) -> datetime:
    """Argilla's moments are UTC without saying so."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00")) if text else datetime.fromtimestamp(0, UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if TYPE_CHECKING:
    from feedback_app.desks.argilla_client import ArgillaSession


def push_alike(session: ArgillaSession, replies: int, records: Sequence[DeskRecord]) -> Pushed:
    """Bring records with the same number of replies up to date, in one call if Argilla takes them all."""
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
    """A call that Argilla refuses is halved until the record that it will not take stands alone."""
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
        return Pushed(first.verdicts + second.verdicts, {**first.refused, **second.refused})
    found = [_kept(session, record, item) for (record, _), item in zip(pairs, stored, strict=True)]
    return Pushed(tuple(verdict for verdict in found if verdict))


def _kept(session: ArgillaSession, record: DeskRecord, item: dict[str, Any]) -> DeskRanking | None:
    """The owner's verdict as stored; taken back where there is none any more."""
    own = next((r for r in item.get("responses") or () if r["user_id"] == session.user_id), None)
    if own is None:
        return None
    if record.ranking is None and not record.skipped:
        if own["status"] != "draft":  # what is being written there is not ours to delete
            session.withdraw(own["id"])
        return None
    verdict = read_response(record.comparison_id, OWNER, own)
    return verdict if isinstance(verdict, DeskRanking) else None


def delete_all(session: ArgillaSession, comparison_ids: Collection[str]) -> None:
    """Delete the records of these comparisons, and every response to them."""
    for dataset_id in session.activity():
        items = session.records(dataset_id)
        going = [item["id"] for item in items if item.get("external_id") in comparison_ids]
        session.delete(dataset_id, going)


def pull_all(session: ArgillaSession, mark: str) -> Pulled | None:
    """Everything that our datasets hold; None if nobody has answered since `mark`."""
    activity = session.activity()
    found = json.dumps(activity, sort_keys=True)
    if found == mark:
        return None
    users = session.users()
    listed: set[str] = set()
    verdicts: list[DeskRanking] = []
    problems: list[DeskProblem] = []
    for dataset_id in activity:
        for item in session.records(dataset_id):
            if not (comparison_id := item.get("external_id")):
                continue
            listed.add(comparison_id)
            for response in item.get("responses") or ():
                if response["user_id"] is None:  # of a login that has ended: whose it was is no longer known
                    continue
                annotator = annotator_name(response["user_id"], session.user_id, users)
                said = read_response(comparison_id, annotator, response)
                (problems if isinstance(said, DeskProblem) else verdicts).append(said)  # type: ignore[arg-type]
    names = frozenset(annotator_name(user_id, session.user_id, users) for user_id in users)
    return Pulled(found, frozenset(listed), tuple(verdicts), tuple(problems), names | {OWNER})
