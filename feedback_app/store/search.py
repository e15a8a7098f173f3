"""Finding rankings again: by their words, and by what was said of them."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, false, select, true, union

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.domain.ranking_query import VerdictKind, Wanted, folded
from feedback_app.store.comparison_rows import (
    MISFITS,
    annotation_from,
    comparison_from,
    select_comparisons,
    texts,
)
from feedback_app.store.comparisons import NEWEST_FIRST
from feedback_app.store.database import Database
from feedback_app.store.paging import Page, Position, decode_cursor, encode_cursor, walk
from feedback_app.store.tables import comparisons, rankings, withdrawn
from feedback_app.store.types import array_length

BATCH = 500
AT_ONCE = 2000
"""Rows that are held while texts are read."""
UNWRITTEN = (ComparisonStatus.generating, ComparisonStatus.failed)

OUT = withdrawn.c.comparison_id.is_not(None) & (comparisons.c.status == ComparisonStatus.skipped.value)
JUDGED = rankings.c.comparison_id.is_not(None) | OUT
SAID = rankings.c.all_bad.is_(False)
GROUPS = array_length(rankings.c.groups)
OF_VERDICT: dict[VerdictKind, ColumnElement[bool]] = {
    "ranked": SAID & (GROUPS > 1),
    "tie": SAID & (GROUPS == 1),
    "all bad": rankings.c.all_bad.is_(True),
    "skipped": (comparisons.c.status == ComparisonStatus.skipped.value) & withdrawn.c.comparison_id.is_(None),
    "taken out": OUT,
    "waiting": comparisons.c.status == ComparisonStatus.open.value,
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from: sources, versions, tags and tone tags that occur."""

    sources: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    aspects: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Search:
    database: Database

    def page(
        self, wanted: Wanted, among: Collection[str] | None, cursor: str | None, limit: int
    ) -> tuple[Page, int]:
        """Comparisons of which all this is true (only of those `among`), newest first, and how many there are in all.
        Raises InvalidCursor."""
        after = None if cursor is None else decode_cursor(cursor)
        among = self._among(wanted, among)
        with self.database.read() as connection:
            found = _positions(connection, wanted, among)
            rest = [place for place in found if after is None or _key(place) < _key(after)]
            shown = rest[:limit]
            items = _load(connection, [place.id for place in shown])
        more = encode_cursor(shown[-1]) if len(rest) > limit else None
        return Page(items, more), len(found)

    def ids(self, wanted: Wanted, among: Collection[str] | None) -> list[str]:
        """All that `page` would show, newest first."""
        among = self._among(wanted, among)
        with self.database.read() as connection:
            return [place.id for place in _positions(connection, wanted, among)]

    def _among(self, wanted: Wanted, among: Collection[str] | None) -> Collection[str] | None:
        """Where damaged ones are wanted, those: every record is read then."""
        if wanted.verdict != "damaged":
            return among
        found = {comparison.id for comparison in walk(self.database, true()) if comparison.damaged}
        with self.database.read() as connection:
            out = connection.execute(select(withdrawn)).mappings()
            found |= {row["comparison_id"] for row in out if annotation_from(row).damaged}
        return found if among is None else found.intersection(among)

    def choices(self) -> Choices:
        """Versions are only those whose replies were judged."""
        tags, versions, aspects = set[str](), set[str](), set[str]()
        given = select(
            comparisons.c.tags,
            comparisons.c.candidates,
            rankings.c.aspects.label("counts"),
            withdrawn.c.aspects.label("out"),
        )
        sources = union(select(comparisons.c.source), select(rankings.c.source))
        with self.database.read() as connection:
            for row in _rows(connection, _joined(given)):
                with suppress(*MISFITS):
                    tags.update(texts(row.tags))
                    aspects.update(texts(row.counts or row.out or []))
                    if row.counts is not None or row.out is not None:
                        versions.update(candidate["model"] for candidate in row.candidates)
            named = sorted(connection.execute(sources).scalars())
        return Choices(named, sorted(versions), sorted(tags), sorted(aspects))


def _positions(connection: Connection, wanted: Wanted, among: Collection[str] | None) -> list[Position]:
    """Texts are read here and not by the database: they are kept encoded, and SQLite knows upper and lower case of ASCII
    alone."""
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
    found = [Position(row.created_at, row.id) for row in rows if _wanted(row, wanted, words)]
    return sorted(found, key=_key, reverse=True)  # the database sorts a date that it cannot read as a text


def _joined(query: Select[Any]) -> Select[Any]:
    joined = comparisons.outerjoin(rankings).outerjoin(
        withdrawn, withdrawn.c.comparison_id == comparisons.c.id
    )
    written = comparisons.c.status.not_in([status.value for status in UNWRITTEN])
    return query.select_from(joined).where(written)


def _rows(connection: Connection, query: Select[Any]) -> Iterable[Row[Any]]:
    return connection.execution_options(yield_per=AT_ONCE).execute(query)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What the database can tell by itself."""
    asked: list[ColumnElement[bool]] = []
    if wanted.id:
        asked.append(comparisons.c.id == wanted.id)
    if wanted.verdict and wanted.verdict != "damaged":
        asked.append(OF_VERDICT.get(wanted.verdict, false()))
    if wanted.source:
        asked.append((comparisons.c.source == wanted.source) | (rankings.c.source == wanted.source))
    if wanted.version or wanted.chosen:
        asked.append(JUDGED)
    if wanted.chosen == "came back":
        asked.append(comparisons.c.repeat_of.is_not(None))
    elif wanted.chosen:
        asked += [comparisons.c.repeat_of.is_(None), comparisons.c.selection == wanted.chosen]
    return asked


def _wanted(row: Row[Any], wanted: Wanted, words: str) -> bool:
    """The rest; `words` are folded. A row that cannot be read has none of it."""
    try:
        return _fits(row, wanted, words)
    except MISFITS:
        return False


def _fits(row: Row[Any], wanted: Wanted, words: str) -> bool:
    if wanted.version and wanted.version not in {candidate["model"] for candidate in row.candidates}:
        return False
    if wanted.tag and wanted.tag not in row.tags:
        return False
    if wanted.aspect and wanted.aspect not in (row.aspects or row.aspects_out or ()):
        return False
    return not words or any(words in folded(text) for text in _texts(row))


def _texts(row: Row[Any]) -> Iterable[str]:
    """Without the system turn, which is alike in every comparison of a persona."""
    yield from (message["content"] for message in row.messages if message["role"] != "system")
    yield from (candidate["text"] for candidate in row.candidates)
    yield from filter(None, (row.note, row.edit, row.note_out, row.edit_out))


def _load(connection: Connection, ids: list[str]) -> list[Comparison]:
    query = select_comparisons().where(comparisons.c.id.in_(ids))
    found = [comparison_from(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)


def _key(place: Position) -> tuple[Any, str]:
    return place.created_at, place.id
