"""Comparisons and their rankings. Each method is one transaction."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Connection,
    delete,
    func,
    insert,
    select,
    union_all,
    update,
)

from feedback_app.domain.comparison import (
    Candidate,
    Comparison,
    ComparisonStatus,
    InvalidRanking,
    Ranking,
    RepliesUnfinished,
    checked_ranking,
)
from feedback_app.errors import NotFound
from feedback_app.store.batches import OLDEST_FIRST, bound, place, position, walk
from feedback_app.store.comparison_rows import (
    candidate_documents,
    comparison_from,
    ranking_row,
    select_comparisons,
)
from feedback_app.store.cursor import Page, decode_cursor, encode_cursor
from feedback_app.store.database import BATCH, Database, Stored, unheard
from feedback_app.store.inserts import insert_comparisons
from feedback_app.store.outbox import announce
from feedback_app.store.tables import annotations, comparisons, rankings

NEWEST_FIRST = (comparisons.c.created_at.desc(), comparisons.c.id.desc())


class ComparisonNotFound(NotFound, LookupError):
    """No comparison of that id."""


@dataclass(frozen=True, slots=True)
class Comparisons:
    database: Database

    def add(self, comparison: Comparison) -> None:
        """Store a comparison, before it is shown; one whose id is known is left as it is."""
        with self.database.write() as connection:
            insert_comparisons(connection, [comparison])

    def add_all(
        self, items: Sequence[Comparison], desks: Sequence[str] = (), stored: Stored = unheard
    ) -> int:
        """Store all or none, and what the desks must be told; ones whose id is known are left as they are. Gives the
        number of new ones. Raises InvalidRanking."""
        with self.database.write() as connection:
            return insert_comparisons(connection, items, desks, stored)

    def get(self, comparison_id: str) -> Comparison:
        """Raises ComparisonNotFound."""
        with self.database.read() as connection:
            return _get(connection, comparison_id)

    def fill(
        self, comparison_id: str, candidates: Sequence[Candidate], desks: Sequence[str] = ()
    ) -> Comparison:
        """The replies are written: status open, and the desks are told. Changes nothing once it is no longer generating (skipped
        meanwhile, or filled before). Candidates may be left out, to two. Raises ComparisonNotFound; ValueError for others than
        it has."""

        def filled(connection: Connection, found: Comparison) -> None:
            known = {candidate.id for candidate in found.candidates}
            if len(candidates) < 2 or not known.issuperset(c.id for c in candidates):
                raise ValueError("these are not the candidates of this comparison")
            documents = candidate_documents(tuple(candidates))
            _set(connection, comparison_id, status=ComparisonStatus.open.value, candidates=documents)
            announce(connection, [comparison_id], desks)

        return self._change(comparison_id, {ComparisonStatus.generating}, filled)

    def fail(self, comparison_id: str) -> Comparison:
        """The replies could not be written. Changes nothing once it is no longer generating."""

        def failed(connection: Connection, found: Comparison) -> None:
            _set(connection, comparison_id, status=ComparisonStatus.failed.value)

        return self._change(comparison_id, {ComparisonStatus.generating}, failed)

    def rank(
        self, comparison_id: str, ranking: Ranking, desks: Sequence[str], was: Comparison | None = None
    ) -> Comparison:
        """Store the verdict, and what the desks must be told, in one transaction; the same verdict again
        changes nothing, another replaces it, but not one that is newer than what the caller saw in `was`.
        Raises ComparisonNotFound, InvalidRanking."""
        with self.database.write() as connection:
            found = _get(connection, comparison_id, lock=True)
            if was is not None and (found.status, found.ranking) != (was.status, was.ranking):
                return found
            if found.status == ComparisonStatus.generating:
                raise RepliesUnfinished("the replies are still being written: wait until they are finished")
            if found.status == ComparisonStatus.failed:
                raise InvalidRanking(f"this comparison has no replies to rank: it is {found.status.value}")
            verdict = checked_ranking(found, ranking)
            if found.ranking is not None and found.ranking.same_verdict(verdict):
                return found
            connection.execute(delete(rankings).where(rankings.c.comparison_id == comparison_id))
            connection.execute(insert(rankings).values(ranking_row(found, verdict)))
            _set(connection, comparison_id, status=ComparisonStatus.ranked.value)
            announce(connection, [comparison_id], desks)
            return replace(found, ranking=verdict, status=ComparisonStatus.ranked)

    def unrank(self, comparison_id: str, desks: Sequence[str]) -> Comparison:
        """Take back a ranking or a skip: open again, or generating where the replies were not written to their end.
        Changes nothing on one that is neither. Raises ComparisonNotFound."""

        def reopened(connection: Connection, found: Comparison) -> None:
            written = all(candidate.finish is not None for candidate in found.candidates)
            status = ComparisonStatus.open if written else ComparisonStatus.generating
            connection.execute(delete(rankings).where(rankings.c.comparison_id == comparison_id))
            _set(connection, comparison_id, status=status.value)
            if written:
                announce(connection, [comparison_id], desks)

        return self._change(comparison_id, {ComparisonStatus.ranked, ComparisonStatus.skipped}, reopened)

    def skip(self, comparison_id: str, desks: Sequence[str] = ()) -> Comparison:
        """Set aside without a verdict, also while it is being written. Raises ComparisonNotFound; InvalidRanking
        for one that is ranked."""

        def skipped(connection: Connection, found: Comparison) -> None:
            if found.status is ComparisonStatus.ranked:
                raise InvalidRanking("this comparison is ranked: take the ranking back before skipping it")
            _set(connection, comparison_id, status=ComparisonStatus.skipped.value)
            if found.status is ComparisonStatus.open:
                announce(connection, [comparison_id], desks)

        return self._change(
            comparison_id,
            {ComparisonStatus.generating, ComparisonStatus.open, ComparisonStatus.ranked},
            skipped,
        )

    def page(self, status: ComparisonStatus | None, cursor: str | None, limit: int) -> Page:
        """Newest first. Every comparison that was there at the first page comes once, whatever is added
        meanwhile. Raises InvalidCursor."""
        query = select_comparisons().order_by(*NEWEST_FIRST).limit(limit + 1)
        if status is not None:
            query = query.where(comparisons.c.status == status.value)
        if cursor is not None:
            query = query.where(place() < bound(decode_cursor(cursor)))
        with self.database.read() as connection:
            items = [comparison_from(row) for row in connection.execute(query).mappings()]
        more = len(items) > limit
        return Page(items[:limit], encode_cursor(position(items[limit - 1])) if more else None)

    def waiting(self, source: str, limit: int) -> list[Comparison]:
        """Those of that source that wait for their replies or for a verdict, newest first."""
        states = comparisons.c.status.in_([ComparisonStatus.generating.value, ComparisonStatus.open.value])
        query = select_comparisons().where(states, comparisons.c.source == source).order_by(*NEWEST_FIRST)
        with self.database.read() as connection:
            return [comparison_from(row) for row in connection.execute(query.limit(limit)).mappings()]

    def judged(self, damaged: bool = False) -> Iterator[Comparison]:
        """All comparisons that anybody ranked, with the rankings of others, oldest first, each once. Reads in batches
        and holds nothing between them. Damaged ones come only if asked for. Raises UnreadableRecord."""
        by_others = comparisons.c.id.in_(select(annotations.c.comparison_id))
        found = walk(self.database, (comparisons.c.status == ComparisonStatus.ranked.value) | by_others)
        return (each for each in found if damaged or not each.damaged)

    def written(self) -> Iterator[Comparison]:
        """All comparisons whose replies are complete, whatever became of them, oldest first."""
        done = (ComparisonStatus.open, ComparisonStatus.ranked, ComparisonStatus.skipped)
        return walk(self.database, comparisons.c.status.in_([status.value for status in done]))

    def counts(self) -> dict[str, int]:
        """Comparisons by status; `pairs` and `ties` of candidates, and how many rankings are `all_bad`."""
        by_status = select(comparisons.c.status, func.count()).group_by(comparisons.c.status)
        sums = select(
            func.coalesce(func.sum(rankings.c.pairs), 0),
            func.coalesce(func.sum(rankings.c.ties), 0),
            func.count().filter(rankings.c.all_bad.is_(True)),
        )
        with self.database.read() as connection:
            found = {row[0]: int(row[1]) for row in connection.execute(by_status)}
            pairs, ties, all_bad = connection.execute(sums).one()
        totals = {"pairs": int(pairs), "ties": int(ties), "all_bad": int(all_bad)}
        return {status.value: found.get(status.value, 0) for status in ComparisonStatus} | totals

    def pairs_by_prompt(self) -> list[tuple[str, int]]:
        """(prompt key, preference pairs) of every verdict that counts, without reading any text."""
        decided = select(comparisons.c.prompt_key, rankings.c.pairs).join_from(comparisons, rankings)
        others = (
            select(comparisons.c.prompt_key, annotations.c.pairs)
            .join_from(comparisons, annotations)
            .where(comparisons.c.id.not_in(select(rankings.c.comparison_id)))
        )
        with self.database.read() as connection:
            return [(row[0], int(row[1])) for row in connection.execute(union_all(decided, others))]

    def verdicts(self) -> dict[str, tuple[tuple[str, ...], ...]]:
        """What every deciding ranking says, by comparison, oldest comparison first; nothing where all are bad."""
        columns = (comparisons.c.id, rankings.c.groups, rankings.c.all_bad)
        with self.database.read() as connection:
            rows = connection.execute(
                select(*columns).join_from(comparisons, rankings).order_by(*OLDEST_FIRST)
            )
            return {key: () if bad else tuple(map(tuple, groups)) for key, groups, bad in rows}

    def asked(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` (see `prompt_key`) whose prompts were ever asked."""
        key = comparisons.c.prompt_key
        found: set[str] = set()
        with self.database.read() as connection:
            for i in range(0, len(keys), BATCH):
                query = select(key).where(key.in_(keys[i : i + BATCH])).distinct()
                found.update(connection.execute(query).scalars())
        return found

    def _change(
        self,
        comparison_id: str,
        when: set[ComparisonStatus],
        change: Callable[[Connection, Comparison], None],
    ) -> Comparison:
        with self.database.write() as connection:
            found = _get(connection, comparison_id, lock=True)
            if found.status not in when:
                return found
            change(connection, found)
            return _get(connection, comparison_id)


def _get(connection: Connection, comparison_id: str, lock: bool = False) -> Comparison:
    this = comparisons.c.id == comparison_id
    if lock:  # by itself: PostgreSQL would join the locked row with a ranking read before the wait
        connection.execute(select(comparisons.c.id).where(this).with_for_update())
    row = connection.execute(select_comparisons().where(this)).mappings().first()
    if row is None:
        raise ComparisonNotFound(f"there is no comparison {comparison_id}")
    return comparison_from(row)


def _set(connection: Connection, comparison_id: str, **values: Any) -> None:
    connection.execute(update(comparisons).where(comparisons.c.id == comparison_id).values(values))
