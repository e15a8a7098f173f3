"""What Argilla's records and responses say, as verdicts. Pure; whatever a person may have done to them is expected."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from feedback_app.desks import argilla_payload as names
from feedback_app.desks.base import OWNER, DeskProblem, DeskVerdict


def annotator_name(user_id: str, me: str, users: Mapping[str, str]) -> str:
    """OWNER for our own login; another user's name, told apart from OWNER if need be."""
    if user_id == me:
        return OWNER
    name = users.get(user_id, user_id)
    return f"{name}@argilla" if name == OWNER else name


def verdict_of(comparison_id: str, annotator: str, response: Mapping[str, Any]) -> DeskVerdict | DeskProblem:
    """A response of Argilla as a verdict, or why it is none."""
    at = _moment(str(response.get("updated_at", "")))
    match response.get("status"):
        case "discarded":
            return DeskVerdict(comparison_id, annotator, "discarded", at=at)
        case "submitted":
            return _submitted(comparison_id, annotator, response.get("values") or {}, at)
        case _:
            return DeskVerdict(comparison_id, annotator, "draft", at=at)


def _submitted(
    comparison_id: str, annotator: str, values: Mapping[str, Any], at: datetime
) -> DeskVerdict | DeskProblem:
    given = {name: (answer or {}).get("value") for name, answer in values.items()}
    order = order_of(given.get(names.RANKING))
    if order is None:
        return DeskProblem(comparison_id, annotator, "its ranking is not complete: rank every reply")
    edit = given.get(names.EDIT)
    return DeskVerdict(
        comparison_id,
        annotator,
        "submitted",
        order,
        all_bad=given.get(names.VERDICT) == names.ALL_BAD,
        aspects=tuple(str(aspect) for aspect in given.get(names.ASPECTS) or ()),
        note=str(given.get(names.NOTE) or ""),
        edit=str(edit) if edit else None,
        at=at,
    )


def order_of(ranks: Any) -> tuple[tuple[int, ...], ...] | None:
    """`[{"value": "reply_2", "rank": 1}, …]` as groups of positions, best first; None unless each of the replies from 1
    on has one rank."""
    try:
        places = {
            int(str(each["value"]).removeprefix(names.REPLY)): int(each["rank"]) for each in ranks or ()
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
