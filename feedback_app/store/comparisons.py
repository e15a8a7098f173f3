"""Comparisons and their rankings. Each method is one transaction."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    delete,
    exists,
    insert,
    select,
    text,
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
from feedback_app.store.comparison_rows import (
    candidate_documents,
    comparison_from,
    ranking_row,
    select_comparisons,
)
from feedback_app.store.counters import Counters
from feedback_app.store.database import BATCH, Database, Stored, unheard
from feedback_app.store.imports import insert_comparisons
from feedback_app.store.outbox import announce
from feedback_app.store.paging import (
    Page,
    bound,
    decode_cursor,
    encode_cursor,
    position,
    position_columns,
    read_batches,
)
from feedback_app.store.tables import WAITING, annotations, comparisons, rankings

IDS_AT_ONCE = 5_000
NEWEST_FIRST = (comparisons.c.created_at.desc(), comparisons.c.id.desc())


class ComparisonNotFound(NotFound, LookupError):
    """No comparison of that id."""


@dataclass(frozen=True, slots=True)
class Comparisons:
    database: Database

    def add(self, comparison: Comparison) -> None:
        """Store a comparison before it is shown. A comparison whose id is known is left unchanged."""
        with self.database.write() as connection:
            insert_comparisons(connection, [comparison])

    def add_all(
        self, items: Sequence[Comparison], desks: Sequence[str] = (), stored: Stored = unheard
    ) -> int:
        """Store all or none, queue them for the desks, and return how many were new. Known ids are left unchanged.
        Raises InvalidRanking."""
        with self.database.write() as connection:
            return len(insert_comparisons(connection, items, desks, stored))

    def get(self, comparison_id: str) -> Comparison:
        """Raises ComparisonNotFound."""
        with self.database.read() as connection:
            return _get(connection, comparison_id)

    def of(self, comparison_ids: Sequence[str]) -> dict[str, Comparison]:
        """Map ids to their comparisons; unknown ids are left out."""
        found: dict[str, Comparison] = {}
        with self.database.read() as connection:
            for start in range(0, len(comparison_ids), BATCH):
                batch = comparisons.c.id.in_(comparison_ids[start : start + BATCH])
                rows = connection.execute(select_comparisons().where(batch)).mappings()
                found |= {row["id"]: comparison_from(row) for row in rows}
        return found

    def fill(
        self, comparison_id: str, candidates: Sequence[Candidate], desks: Sequence[str] = ()
    ) -> Comparison:
        """Store the written replies, set the status to open and queue the comparison for the desks.

        Nothing changes if it is no longer generating (skipped meanwhile, or filled before). Candidates may be left out
        as long as two remain. Raises ComparisonNotFound; ValueError for candidates that the comparison does not have.
        """

        def filled(connection: Connection, comparison: Comparison) -> None:
            known = {candidate.id for candidate in comparison.candidates}
            if len(candidates) < 2 or not known.issuperset(c.id for c in candidates):
                raise ValueError("these are not the candidates of this comparison")
            documents = candidate_documents(tuple(candidates))
            _set(connection, comparison_id, status=ComparisonStatus.open.value, candidates=documents)
            announce(connection, [comparison_id], desks)

        return self._change(comparison_id, {ComparisonStatus.generating}, filled)

    def fail(self, comparison_id: str) -> Comparison:
        """Mark a comparison whose replies could not be written as failed. Nothing changes if it is no longer generating."""

        def failed(connection: Connection, comparison: Comparison) -> None:
            _set(connection, comparison_id, status=ComparisonStatus.failed.value)

        return self._change(comparison_id, {ComparisonStatus.generating}, failed)

    def rank(
        self, comparison_id: str, ranking: Ranking, desks: Sequence[str], was: Comparison | None = None
    ) -> Comparison:
        """Store the ranking and queue the comparison for the desks.

        Storing the same ranking again changes nothing; another ranking replaces the stored one. With `was`, nothing
        changes if the comparison has changed since the caller read it. Raises ComparisonNotFound, InvalidRanking.
        """
        with self.database.write() as connection:
            comparison = _get(connection, comparison_id, lock=True)
            if was is not None and (comparison.status, comparison.ranking) != (was.status, was.ranking):
                return comparison
            if comparison.status == ComparisonStatus.generating:
                raise RepliesUnfinished("the replies are still being written: wait until they are finished")
            if comparison.status == ComparisonStatus.failed:
                raise InvalidRanking(
                    f"this comparison has no replies to rank: it is {comparison.status.value}"
                )
            checked = checked_ranking(comparison, ranking)
            if comparison.ranking is not None and comparison.ranking.same_ranking(checked):
                return comparison
            connection.execute(delete(rankings).where(rankings.c.comparison_id == comparison_id))
            connection.execute(insert(rankings).values(ranking_row(comparison, checked)))
            _set(connection, comparison_id, status=ComparisonStatus.ranked.value)
            announce(connection, [comparison_id], desks)
            return replace(comparison, ranking=checked, status=ComparisonStatus.ranked)

    def unrank(self, comparison_id: str, desks: Sequence[str]) -> Comparison:
        """Take back a ranking or a skip. The comparison is open again, or generating if its replies were not finished.
        Nothing changes if it is neither ranked nor skipped. Raises ComparisonNotFound."""

        def reopened(connection: Connection, comparison: Comparison) -> None:
            written = all(candidate.finish is not None for candidate in comparison.candidates)
            status = ComparisonStatus.open if written else ComparisonStatus.generating
            connection.execute(delete(rankings).where(rankings.c.comparison_id == comparison_id))
            _set(connection, comparison_id, status=status.value)
            if written:
                announce(connection, [comparison_id], desks)

        return self._change(comparison_id, {ComparisonStatus.ranked, ComparisonStatus.skipped}, reopened)

    def skip(self, comparison_id: str, desks: Sequence[str] = ()) -> Comparison:
        """Skip a comparison without ranking it, also while its replies are being written. Raises ComparisonNotFound;
        InvalidRanking if it is ranked."""

        def skipped(connection: Connection, comparison: Comparison) -> None:
            if comparison.status is ComparisonStatus.ranked:
                raise InvalidRanking("this comparison is ranked: take the ranking back before skipping it")
            _set(connection, comparison_id, status=ComparisonStatus.skipped.value)
            if comparison.status is ComparisonStatus.open:
                announce(connection, [comparison_id], desks)

        return self._change(
            comparison_id,
            {ComparisonStatus.generating, ComparisonStatus.open, ComparisonStatus.ranked},
            skipped,
        )

    def page(self, status: ComparisonStatus | None, cursor: str | None, limit: int) -> Page:
        """A page of comparisons, newest first. Every comparison that existed when the first page was read appears exactly
        once, whatever is added meanwhile. Raises InvalidCursor."""
        query = select_comparisons().order_by(*NEWEST_FIRST).limit(limit + 1)
        if status is not None:
            query = query.where(comparisons.c.status == status.value)
        if cursor is not None:
            query = query.where(position_columns() < bound(decode_cursor(cursor)))
        with self.database.read() as connection:
            items = [comparison_from(row) for row in connection.execute(query).mappings()]
        more = len(items) > limit
        return Page(items[:limit], encode_cursor(position(items[limit - 1])) if more else None)

    def waiting(self, source: str, limit: int) -> list[Comparison]:
        """Comparisons from that source that are generating or open, newest first."""
        query = select_comparisons().where(text(f"comparisons.{WAITING}"), comparisons.c.source == source)
        query = query.order_by(*NEWEST_FIRST)
        with self.database.read() as connection:
            return [comparison_from(row) for row in connection.execute(query.limit(limit)).mappings()]

    def with_rankings(self, damaged: bool = False) -> Iterator[Comparison]:
        """All comparisons that anybody ranked, with the other annotators' rankings, oldest first. See `read_batches`.
        Damaged ones are left out unless `damaged` is true. Raises UnreadableRecord."""
        by_others = exists().where(annotations.c.comparison_id == comparisons.c.id)
        ranked = read_batches(
            self.database, (comparisons.c.status == ComparisonStatus.ranked.value) | by_others
        )
        return (each for each in ranked if damaged or not each.damaged)

    def written_ids(self) -> Iterator[list[str]]:
        """The ids of all comparisons whose replies are complete (open, ranked or skipped), some at a time."""
        done = (ComparisonStatus.open, ComparisonStatus.ranked, ComparisonStatus.skipped)
        written = comparisons.c.status.in_([status.value for status in done])
        query, last = (
            select(comparisons.c.id).where(written).order_by(comparisons.c.id).limit(IDS_AT_ONCE),
            "",
        )
        while ids := self._ids(query.where(comparisons.c.id > last)):
            yield ids
            last = ids[-1]

    def stored(self, ids: Collection[str]) -> set[str]:
        """Those of `ids` that are ids of comparisons."""
        listed, known = list(ids), set[str]()
        for start in range(0, len(listed), BATCH):
            known.update(
                self._ids(select(comparisons.c.id).where(comparisons.c.id.in_(listed[start : start + BATCH])))
            )
        return known

    def _ids(self, query: Select[str]) -> list[str]:
        with self.database.read() as connection:
            return list(connection.execute(query).scalars())

    def counts(self) -> dict[str, int]:
        """The number of comparisons by status, of `pairs` and `ties` of candidates, and of `all_bad` rankings."""
        counters = Counters(self.database)
        numbers = counters.by_bucket("comparisons")
        totals = counters.totals(["pairs", "ties", "all_bad"])
        return {status.value: numbers.get(status.value, 0) for status in ComparisonStatus} | totals

    def asked(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` (see `prompt_key`) whose prompts have been shown."""
        key = comparisons.c.prompt_key
        asked_keys: set[str] = set()
        with self.database.read() as connection:
            for i in range(0, len(keys), BATCH):
                query = select(key).where(key.in_(keys[i : i + BATCH])).distinct()
                asked_keys.update(connection.execute(query).scalars())
        return asked_keys

    def _change(
        self,
        comparison_id: str,
        when: set[ComparisonStatus],
        change: Callable[[Connection, Comparison], None],
    ) -> Comparison:
        with self.database.write() as connection:
            comparison = _get(connection, comparison_id, lock=True)
            if comparison.status not in when:
                return comparison
            change(connection, comparison)
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
