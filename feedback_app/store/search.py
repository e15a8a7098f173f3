"""Searches comparisons by their texts and by their rankings."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, false, select, true, union

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.domain.ranking_query import RankingFilter, RankingSearch, folded
from feedback_app.store.comparison_rows import (
    MISFITS,
    annotation_from,
    comparison_from,
    select_comparisons,
    texts,
)
from feedback_app.store.comparisons import NEWEST_FIRST
from feedback_app.store.database import Database
from feedback_app.store.paging import Page, Position, decode_cursor, encode_cursor, read_batches
from feedback_app.store.tables import comparisons, rankings, withdrawn
from feedback_app.store.types import array_length

BATCH = 500
AT_ONCE = 2000
"""Rows fetched at a time while texts are searched."""
UNWRITTEN = (ComparisonStatus.generating, ComparisonStatus.failed)

OUT = withdrawn.c.comparison_id.is_not(None) & (comparisons.c.status == ComparisonStatus.skipped.value)
RANKED = rankings.c.comparison_id.is_not(None) | OUT
NOT_ALL_BAD = rankings.c.all_bad.is_(False)
GROUPS = array_length(rankings.c.groups)
FILTER_CONDITIONS: dict[RankingFilter, ColumnElement[bool]] = {
    "ranked": NOT_ALL_BAD & (GROUPS > 1),
    "tie": NOT_ALL_BAD & (GROUPS == 1),
    "all bad": rankings.c.all_bad.is_(True),
    "skipped": (comparisons.c.status == ComparisonStatus.skipped.value) & withdrawn.c.comparison_id.is_(None),
    "taken out": OUT,
    "waiting": comparisons.c.status == ComparisonStatus.open.value,
}


@dataclass(frozen=True, slots=True)
class Choices:
    """The filter values that occur: sources, versions, tags and tone tags."""

    sources: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    aspects: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Search:
    database: Database

    def page(
        self, wanted: RankingSearch, among: Collection[str] | None, cursor: str | None, limit: int
    ) -> tuple[Page, int]:
        """A page of the comparisons that match (only those in `among`, if given), newest first, and their total number.
        Raises InvalidCursor."""
        after = None if cursor is None else decode_cursor(cursor)
        among = self._among(wanted, among)
        with self.database.read() as connection:
            matches = _positions(connection, wanted, among)
            rest = [place for place in matches if after is None or _key(place) < _key(after)]
            shown = rest[:limit]
            items = _load(connection, [place.id for place in shown])
        more = encode_cursor(shown[-1]) if len(rest) > limit else None
        return Page(items, more), len(matches)

    def ids(self, wanted: RankingSearch, among: Collection[str] | None) -> list[str]:
        """The ids of all matching comparisons, newest first."""
        among = self._among(wanted, among)
        with self.database.read() as connection:
            return [place.id for place in _positions(connection, wanted, among)]

    def _among(self, wanted: RankingSearch, among: Collection[str] | None) -> Collection[str] | None:
        """For a search for damaged records, their ids; this reads every record."""
        if wanted.verdict != "damaged":
            return among
        damaged = {comparison.id for comparison in read_batches(self.database, true()) if comparison.damaged}
        with self.database.read() as connection:
            out = connection.execute(select(withdrawn)).mappings()
            damaged |= {row["comparison_id"] for row in out if annotation_from(row).damaged}
        return damaged if among is None else damaged.intersection(among)

    def choices(self) -> Choices:
        """The filter values. Versions are only those whose replies were ranked."""
        tags, versions, aspects = set[str](), set[str](), set[str]()
        columns = select(
            comparisons.c.tags,
            comparisons.c.candidates,
            rankings.c.aspects.label("counts"),
            withdrawn.c.aspects.label("out"),
        )
        sources = union(select(comparisons.c.source), select(rankings.c.source))
        with self.database.read() as connection:
            for row in _rows(connection, _joined(columns)):
                with suppress(*MISFITS):
                    tags.update(texts(row.tags))
                    aspects.update(texts(row.counts or row.out or []))
                    if row.counts is not None or row.out is not None:
                        versions.update(candidate["model"] for candidate in row.candidates)
            named = sorted(connection.execute(sources).scalars())
        return Choices(named, sorted(versions), sorted(tags), sorted(aspects))


def _positions(
    connection: Connection, wanted: RankingSearch, among: Collection[str] | None
) -> list[Position]:
    """The positions of the matching comparisons, newest first. Texts are searched here and not by the database, because they
    are stored JSON-encoded and SQLite ignores case for ASCII only."""
    columns: list[Any] = [comparisons.c.created_at, comparisons.c.id]
    if wanted.words or wanted.version:
        columns.append(comparisons.c.candidates)
    if wanted.words:
        columns += [comparisons.c.messages, rankings.c.note, rankings.c.edit]
        columns += [withdrawn.c.note.label("note_out"), withdrawn.c.edit.label("edit_out")]
    if wanted.tag:
        columns.append(comparisons.c.tags)
    if wanted.aspect:
        columns += [rankings.c.aspects.label("aspects"), withdrawn.c.aspects.label("aspects_out")]
    query = _joined(select(*columns)).where(*_conditions(wanted)).order_by(*NEWEST_FIRST)
    words = folded(wanted.words.strip())
    rows = (row for row in _rows(connection, query) if among is None or row.id in among)
    matches = [Position(row.created_at, row.id) for row in rows if _wanted(row, wanted, words)]
    return sorted(matches, key=_key, reverse=True)  # the database sorts unreadable dates as text


def _joined(query: Select[Any]) -> Select[Any]:
    joined = comparisons.outerjoin(rankings).outerjoin(
        withdrawn, withdrawn.c.comparison_id == comparisons.c.id
    )
    written = comparisons.c.status.not_in([status.value for status in UNWRITTEN])
    return query.select_from(joined).where(written)


def _rows(connection: Connection, query: Select[Any]) -> Iterable[Row[Any]]:
    return connection.execution_options(yield_per=AT_ONCE).execute(query)


def _conditions(wanted: RankingSearch) -> list[ColumnElement[bool]]:
    """The conditions that the database checks."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.id:
        conditions.append(comparisons.c.id == wanted.id)
    if wanted.verdict and wanted.verdict != "damaged":
        conditions.append(FILTER_CONDITIONS.get(wanted.verdict, false()))
    if wanted.source:
        conditions.append((comparisons.c.source == wanted.source) | (rankings.c.source == wanted.source))
    if wanted.version or wanted.chosen:
        conditions.append(RANKED)
    if wanted.chosen == "came back":
        conditions.append(comparisons.c.repeat_of.is_not(None))
    elif wanted.chosen:
        conditions += [comparisons.c.repeat_of.is_(None), comparisons.c.selection == wanted.chosen]
    return conditions


def _wanted(row: Row[Any], wanted: RankingSearch, words: str) -> bool:
    """Check the other conditions; `words` are case-folded. An unreadable row does not match."""
    try:
        return _fits(row, wanted, words)
    except MISFITS:
        return False


def _fits(row: Row[Any], wanted: RankingSearch, words: str) -> bool:
    if wanted.version and wanted.version not in {candidate["model"] for candidate in row.candidates}:
        return False
    if wanted.tag and wanted.tag not in row.tags:
        return False
    if wanted.aspect and wanted.aspect not in (row.aspects or row.aspects_out or ()):
        return False
    return not words or any(words in folded(text) for text in _texts(row))


def _texts(row: Row[Any]) -> Iterable[str]:
    """All texts but the system message, which is the same in every comparison of a persona."""
    yield from (message["content"] for message in row.messages if message["role"] != "system")
    yield from (candidate["text"] for candidate in row.candidates)
    yield from filter(None, (row.note, row.edit, row.note_out, row.edit_out))


def _load(connection: Connection, ids: list[str]) -> list[Comparison]:
    query = select_comparisons().where(comparisons.c.id.in_(ids))
    comparisons_read = [comparison_from(row) for row in connection.execute(query).mappings()]
    return sorted(comparisons_read, key=lambda one: (one.created_at, one.id), reverse=True)


def _key(place: Position) -> tuple[Any, str]:
    return place.created_at, place.id
