"""Searches comparisons by their texts and by what their rankings say.

A search whose rarest condition matches few comparisons reads exactly those. A search that matches many reads the newest comparisons
until a page is full, and estimates the total. Comparisons that changed just now are read directly.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, exists, func, select

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.ranking_query import RankingSearch, folded
from feedback_app.store.comparison_rows import comparison_from, select_comparisons
from feedback_app.store.comparisons import NEWEST_FIRST
from feedback_app.store.counters import Counters
from feedback_app.store.database import Database
from feedback_app.store.paging import (
    Position,
    bound,
    decode_cursor,
    encode_cursor,
    position,
    position_columns,
)
from feedback_app.store.search.conditions import FEW, Conditions, Key, conditions
from feedback_app.store.search.documents import UNWRITTEN, date_of, facets_of, moment_of
from feedback_app.store.search.indexer import read_documents
from feedback_app.store.search.tables import entries, facets, labels, pending
from feedback_app.store.tables import comparisons

READ_DIRECTLY = 300
"""Pending comparisons that a search reads itself. It leaves out more than that, and says so."""
PER_QUERY = 500
WINDOW = 2_000
"""Entries that are looked through at a time."""
BUDGET = 25_000
"""Entries that one page of a search looks through at most; the next page goes on from there."""
LAST_MOMENT = 2**63 - 1
IDS_PER_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Choices:
    """The filter values that occur: sources, versions, tags and tone tags."""

    sources: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    aspects: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SearchPage:
    """`total` is the number of all matches, or an estimate where `estimated`. `unindexed` comparisons changed since the index was
    brought up to date, and may be missing. A page may be short, even empty, and have a `next_cursor`: the search goes on there."""

    items: Sequence[Comparison]
    next_cursor: str | None
    total: int
    estimated: bool = False
    unindexed: int = 0


@dataclass(frozen=True, slots=True)
class _Matches:
    """Keys newest first. `end`: how far the search has looked, None if to the end."""

    keys: list[Key]
    total: int
    estimated: bool = False
    end: Key | None = None


@dataclass(frozen=True, slots=True)
class Search:
    database: Database

    def page(
        self, wanted: RankingSearch, among: Collection[str] | None, cursor: str | None, limit: int
    ) -> SearchPage:
        """The comparisons that match (only those in `among`, if given), newest first. Raises InvalidCursor."""
        after = None if cursor is None else decode_cursor(cursor)
        with self.database.read() as connection:
            if wanted == RankingSearch() and among is None:
                return _newest(connection, after, limit, Counters(self.database).by_bucket("comparisons"))
            matches, unindexed = _matching(connection, wanted, among, after, limit)
            shown = matches.keys[:limit]
            items = _load(connection, [name for _, name in shown])
        return SearchPage(
            items, _next_cursor(matches, shown, items), matches.total, matches.estimated, unindexed
        )

    def ids(self, wanted: RankingSearch, among: Collection[str] | None) -> Iterator[str]:
        """The ids of all matching comparisons, newest first, a page read at a time."""
        after: Position | None = None
        while True:
            with self.database.read() as connection:
                matches, _ = _matching(connection, wanted, among, after, IDS_PER_PAGE)
            shown = matches.keys[:IDS_PER_PAGE]
            yield from (name for _, name in shown)
            if len(matches.keys) > len(shown):
                after = _position(shown[-1])
            elif matches.end is not None:
                after = _position(matches.end)
            else:
                return

    def choices(self) -> Choices:
        """The filter values. Versions are only those whose replies were ranked."""
        values: dict[str, set[str]] = {name: set() for name in ("source", "version", "tag", "aspect")}
        used = exists().where(labels.c.facet_id == facets.c.id)
        query = select(facets.c.facet, facets.c.value).where(facets.c.facet.in_(values), used)
        with self.database.read() as connection:
            for name, value in connection.execute(query):
                values[name].add(value)
            for found in read_documents(connection, _pending(connection)).values():
                for name, value in found.facets if found else ():
                    if name in values:
                        values[name].add(value)
        return Choices(*(sorted(values[name]) for name in ("source", "version", "tag", "aspect")))


def _newest(
    connection: Connection, after: Position | None, limit: int, statuses: Mapping[str, int]
) -> SearchPage:
    """A page of all comparisons whose replies are written. `statuses` counts the comparisons by status."""
    written = comparisons.c.status.not_in([status.value for status in UNWRITTEN])
    query = select_comparisons().where(written).order_by(*NEWEST_FIRST).limit(limit + 1)
    if after is not None:
        query = query.where(position_columns() < bound(after))
    items = [comparison_from(row) for row in connection.execute(query).mappings()]
    total = sum(number for status, number in statuses.items() if status not in UNWRITTEN)
    more = encode_cursor(position(items[limit - 1])) if len(items) > limit else None
    return SearchPage(items[:limit], more, total)


def _matching(
    connection: Connection,
    wanted: RankingSearch,
    among: Collection[str] | None,
    after: Position | None,
    limit: int,
) -> tuple[_Matches, int]:
    """The matches after a position, at least `limit` + 1 if there are so many; and how many comparisons were not searched."""
    words = folded(wanted.words.strip())
    names = _names(wanted, among)
    before = None if after is None else (moment_of(after.created_at), after.id)
    recent = _pending(connection)
    direct = _read_directly(connection, recent, wanted, words, names)
    checks = conditions(connection, facets_of(wanted), words)
    if names is not None:
        matches = _among(connection, checks, names)
    elif checks is None:
        matches = _Matches([], 0)
    elif checks.fewest <= FEW and not checks.only_driver:
        matches = _few(connection, checks)
    else:
        matches = _many(connection, checks, before, limit, len(recent))
    stale = _among(connection, checks, recent if names is None else set(recent) & set(names))
    merged = _merged(matches, set(recent), direct, before, stale.total)
    return merged, 0 if recent else _unindexed(connection)


def _names(wanted: RankingSearch, among: Collection[str] | None) -> Collection[str] | None:
    """The ids that may match, where these are given."""
    if not wanted.id:
        return among
    return [wanted.id] if among is None or wanted.id in among else []


def _pending(connection: Connection) -> list[str]:
    """The pending comparisons, if they are few enough to read; else none."""
    query = select(pending.c.comparison_id).order_by(pending.c.id.desc()).limit(READ_DIRECTLY + 1)
    names = list(connection.execute(query).scalars())
    return names if len(names) <= READ_DIRECTLY else []


def _unindexed(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(pending)).scalar_one())


def _read_directly(
    connection: Connection,
    recent: Sequence[str],
    wanted: RankingSearch,
    words: str,
    names: Collection[str] | None,
) -> list[Key]:
    """The keys of the pending comparisons that match."""
    asked = set(facets_of(wanted))
    documents = read_documents(connection, recent) if recent else {}
    return [
        (found.moment, name)
        for name, found in documents.items()
        if found and asked <= found.facets and words in found.body and (names is None or name in names)
    ]


def _among(connection: Connection, checks: Conditions | None, names: Collection[str]) -> _Matches:
    """The matches among comparisons that are named."""
    keys: list[Key] = []
    if checks is not None:
        ids = list(names)
        for start in range(0, len(ids), PER_QUERY):
            batch = entries.c.comparison_id.in_(ids[start : start + PER_QUERY])
            query = select(entries.c.moment, entries.c.comparison_id).where(batch, *checks.on_entries)
            keys += connection.execute(query)
    return _Matches(sorted(keys, reverse=True), len(keys))


def _few(connection: Connection, checks: Conditions) -> _Matches:
    """All matches, read from the rarest condition."""
    query = select(entries.c.moment, entries.c.comparison_id).where(
        entries.c.id.in_(checks.rarest), *checks.on_entries
    )
    keys = sorted(connection.execute(query), reverse=True)
    return _Matches(list(keys), len(keys))


def _many(connection: Connection, checks: Conditions, before: Key | None, limit: int, spare: int) -> _Matches:
    """The newest matches, found by looking through the newest entries. `spare` more are read, as that many may be left out."""
    keys: list[Key] = []
    looked, upto, end = 0, LAST_MOMENT if before is None else before[0], before
    size = limit + spare + 2 if checks.only_driver else WINDOW  # all of the window match, or few
    while True:
        rows = connection.execute(checks.window(upto, size)).all()
        last = len(rows) < size
        if not last and rows[0][0] == rows[-1][0]:
            size *= 2  # all of one moment: its end must be seen to order them
            continue
        whole = rows if last else [row for row in rows if row[0] != rows[-1][0]]
        seen = [row for row in whole if before is None or (row[0], row[1]) < before]
        keys += [(moment, name) for moment, name, matched in seen if matched]
        looked += len(seen)
        upto = rows[-1][0] if rows else upto
        end = min(((row[0], row[1]) for row in whole), default=end)
        if last or len(keys) > limit + spare or looked >= BUDGET:
            break
    total, exact = _total(connection, checks, len(keys), looked, last and before is None)
    return _Matches(sorted(keys, reverse=True), total, not exact, None if last else end)


def _total(
    connection: Connection, checks: Conditions, found: int, looked: int, whole: bool
) -> tuple[int, bool]:
    """The number of matches, and whether it is exact: counted, or estimated from the share of those looked through."""
    if whole:
        return found, True
    count = connection.execute(checks.count()).scalar_one()
    if checks.only_driver:
        return int(count), True
    return max(found, round(count * found / max(looked, 1))), False


def _merged(
    matches: _Matches, recent: set[str], direct: list[Key], before: Key | None, stale: int
) -> _Matches:
    """The matches of the index, with the pending comparisons as they are now. `stale` of them match as they were indexed."""
    kept = [key for key in matches.keys if key[1] not in recent]
    fresh = [key for key in direct if matches.end is None or key >= matches.end]
    total = matches.total - stale + len(direct)
    keys = sorted(key for key in kept + fresh if before is None or key < before)[::-1]
    return _Matches(keys, max(total, len(keys)), matches.estimated, matches.end)


def _next_cursor(matches: _Matches, shown: list[Key], items: Sequence[Comparison]) -> str | None:
    if len(matches.keys) > len(shown):
        return encode_cursor(_position(shown[-1]))
    return None if matches.end is None else encode_cursor(_position(matches.end))


def _position(key: Key) -> Position:
    return Position(date_of(key[0]), key[1])


def _load(connection: Connection, ids: list[str]) -> list[Comparison]:
    """Comparisons in the order of their ids."""
    found: dict[str, Comparison] = {}
    for start in range(0, len(ids), PER_QUERY):
        query = select_comparisons().where(comparisons.c.id.in_(ids[start : start + PER_QUERY]))
        for row in connection.execute(query).mappings():
            comparison = comparison_from(row)
            found[comparison.id] = comparison
    return [found[name] for name in ids if name in found]
