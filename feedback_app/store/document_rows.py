"""Turns rows that are as this version writes them into documents, without building the objects of the domain. Pure.

The functions raise one of MISFITS or IndexError for any other row. The tests compare them with `comparison_rows`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from feedback_app.domain.comparison import ComparisonStatus
from feedback_app.domain.documents import CANDIDATE, SAMPLING, ComparisonDocument, Turns
from feedback_app.domain.text_rules import LONGEST_SECONDS

STATUSES = frozenset(status.value for status in ComparisonStatus)
NUMBERS = frozenset({int, float})
LARGEST = 1e15
"""Integers of more digits may be read otherwise by Python's own reader of JSON."""
LENGTH = len("2024-12-31 23:59:59.000000")
ZERO = "000000"
NUL = "\\u0000"


class Unusual(ValueError):
    """The row is not as this version writes it."""


def document_of(row: Sequence[Any], others: Sequence[Sequence[Any]]) -> ComparisonDocument:
    """The document of a row of `comparison_documents.QUERY` and the rows of the other annotators' rankings."""
    name, created_at, source, persona, tags, repeat_of, selection, messages, candidates, status, _, ranked = (
        row[:12]
    )
    replies = _candidates(_parsed(candidates))
    ids = sorted([reply["id"] for reply in replies])
    if status not in STATUSES:
        raise Unusual
    return ComparisonDocument(
        name,
        _moment(created_at),
        source,
        persona,
        _texts(tags),
        repeat_of,
        selection,
        _turns(_parsed(messages)),
        replies,
        None if ranked is None else _ranking(row[11:], ids),
        [_ranking(other, ids) for other in others],
    )


def _parsed(raw: str) -> Any:
    """The value of stored JSON. `orjson` refuses half surrogate pairs and numbers that are not finite."""
    if NUL in raw:
        raise Unusual
    return orjson.loads(raw)


def _turns(turns: Any) -> Turns:
    return [{"role": turn["role"], "content": _text(turn["content"])} for turn in _filled(turns)]


def _candidates(candidates: Any) -> list[dict[str, Any]]:
    for candidate in _filled(candidates):
        if tuple(candidate) != CANDIDATE or tuple(candidate["sampling"]) != SAMPLING:
            raise Unusual
        name, position, model, text, sampling, seed, latency, _ = candidate.values()
        if not (
            type(name) is type(model) is type(text) is str
            and type(position) is type(seed) is type(latency) is int
        ):
            raise Unusual
        numbers = (position, seed, latency, *sampling.values())
        if not (
            NUMBERS.issuperset(map(type, numbers)) and max(numbers) < LARGEST and min(numbers) > -LARGEST
        ):
            raise Unusual
    return candidates  # type: ignore[no-any-return]


def _ranking(row: Sequence[Any], ids: list[str]) -> dict[str, Any]:
    _, groups, all_bad, aspects, note, edit, annotator, source, seconds, created_at = row
    listed = _list(_parsed(groups))
    if sorted([name for group in listed for name in _list(group)]) != ids or all_bad not in (0, 1):
        raise Unusual
    if seconds is not None and (type(seconds) is not float or not 0 <= seconds <= LONGEST_SECONDS):
        raise Unusual
    return {
        "groups": listed,
        "all_bad": bool(all_bad),
        "aspects": _texts(aspects),
        "note": "" if note == '""' else _text(_parsed(note)),
        "edit": None if edit is None else _text(_parsed(edit)),
        "annotator": annotator,
        "source": source,
        "seconds": seconds,
        "created_at": _moment(created_at),
    }


def _moment(value: Any) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    if moment.tzinfo is None and len(value) == LENGTH and value[5] != "W" and value[19] == ".":
        # As SQLite has it: this is four times as fast.
        return f"{value[:10]}T{value[11:19] if value[20:] == ZERO else value[11:]}+00:00"
    return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).isoformat()


def _texts(raw: str) -> list[str]:
    return [] if raw == "[]" else [_text(value) for value in _list(_parsed(raw))]


def _text(value: Any) -> str:
    if type(value) is not str:
        raise Unusual
    return value


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise Unusual
    return value


def _filled(value: Any) -> list[Any]:
    if not _list(value):
        raise Unusual
    return value  # type: ignore[no-any-return]
