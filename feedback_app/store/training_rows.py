"""Reads ranked comparisons for a snapshot: plain columns in large batches. A row that is not plainly sound is read again with care."""

import json
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

from sqlalchemy import Connection, Row, Select, Text, cast, exists, func, select

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.domain.damage import DamagedMoment
from feedback_app.domain.json_rules import SUSPECT
from feedback_app.domain.training_row import TrainingRanking, TrainingRow, places_of, training_row
from feedback_app.store import annotations as annotated
from feedback_app.store.comparison_rows import MISFITS, comparison_from, select_comparisons, with_others
from feedback_app.store.database import Database
from feedback_app.store.paging import (
    OLDEST_FIRST,
    Position,
    UnreadableRecord,
    bound,
    position_columns,
    unreadable_message,
)
from feedback_app.store.tables import annotations, comparisons, rankings

BATCH = 1000
CANDIDATE = {"id", "position", "model", "text", "sampling", "seed", "latency_ms", "finish"}
"""The fields of a stored candidate. One with others is read with care."""


def training_rows(database: Database) -> Iterator[list[TrainingRow]]:
    """Comparisons that anybody ranked, oldest first and each once, in batches; damaged ones are left out. No connection is
    held between batches. Raises UnreadableRecord."""
    after: Position | None = None
    while True:
        with database.read() as connection:
            query = _query(after)
            try:
                rows = connection.execute(query).all()
                batch = _read(connection, rows)
            except MISFITS as error:
                raise UnreadableRecord(unreadable_message(connection, query)) from error
        if not rows:
            return
        yield batch
        after = Position(rows[-1].created_at, rows[-1].id)


def _read(connection: Connection, rows: Sequence[Row[Any]]) -> list[TrainingRow]:
    plain = [_plain(row) for row in rows]
    careful = _careful(connection, [row.id for row, one in zip(rows, plain, strict=True) if one is None])
    read = (one or careful.get(row.id) for row, one in zip(rows, plain, strict=True))
    return [one for one in read if one is not None]


def _query(after: Position | None) -> Select[Any]:
    """`whole` is a list of all that is stored as JSON; it is NULL where no ranking decides."""
    edit = func.coalesce(cast(rankings.c.edit, Text), "null")
    parts = [comparisons.c.messages, comparisons.c.candidates, comparisons.c.tags]
    parts += [rankings.c.groups, rankings.c.aspects, rankings.c.note]
    whole = reduce(lambda text, part: text + "," + part, [*(cast(part, Text) for part in parts), edit])
    by_others = exists().where(annotations.c.comparison_id == comparisons.c.id)
    query = (
        select(
            *(comparisons.c.id, comparisons.c.created_at, comparisons.c.prompt_key, whole.label("whole")),
            *(rankings.c.all_bad, rankings.c.annotator, rankings.c.created_at.label("ranked_at")),
        )
        .select_from(comparisons.outerjoin(rankings))
        .where((comparisons.c.status == ComparisonStatus.ranked.value) | by_others)
        .order_by(*OLDEST_FIRST)
        .limit(BATCH)
    )
    return query if after is None else query.where(position_columns() > bound(after))


def _plain(row: Row[Any]) -> TrainingRow | None:
    """The row where it is sound and has a ranking that decides, else None."""
    if row.whole is None or SUSPECT.search(row.whole):
        return None
    try:
        return _sound(row, *json.loads(f"[{row.whole}]"))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return None


def _sound(
    row: Row[Any], messages: Any, candidates: Any, tags: Any, groups: Any, aspects: Any, note: Any, edit: Any
) -> TrainingRow | None:
    """Raises what a row raises that is not sound."""
    prompt = [{"role": turn["role"], "content": turn["content"]} for turn in messages]
    ids = [candidate["id"] for candidate in candidates]
    replies = [candidate["text"] for candidate in candidates]
    texts = [text for turn in prompt for text in turn.values()]
    texts += ids + replies + [candidate["model"] for candidate in candidates]
    texts += tags + aspects + [note, edit or ""]
    named = [name for group in groups for name in group]
    if not (
        prompt
        and candidates
        and sorted(named) == sorted(ids)
        and set(map(type, texts)) == {str}
        and all(one.keys() == CANDIDATE and type(one["sampling"]) is dict for one in candidates)
        and not _mended(row)
    ):
        return None
    cut = [candidate["finish"] == "length" for candidate in candidates]
    ranking = TrainingRanking(places_of(groups, ids), row.all_bad, edit, row.annotator)
    return TrainingRow(row.id, row.prompt_key, prompt, replies, cut, (ranking,))


def _mended(row: Row[Any]) -> bool:
    """Whether one of its dates could not be read."""
    return isinstance(row.created_at, DamagedMoment) or isinstance(row.ranked_at, DamagedMoment)


def _careful(connection: Connection, ids: list[str]) -> dict[str, TrainingRow]:
    """The rows of these comparisons, read as a whole, without damaged ones."""
    found: list[Comparison] = []
    for start in range(0, len(ids), annotated.BATCH):
        part = ids[start : start + annotated.BATCH]
        query = select_comparisons().where(comparisons.c.id.in_(part))
        others = annotated.of(connection, part)
        read = (comparison_from(row) for row in connection.execute(query).mappings())
        found += [with_others(each, others.get(each.id, ())) for each in read]
    return {each.id: training_row(each) for each in found if not each.damaged}
