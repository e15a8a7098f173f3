"""Curation of stored comparisons: withdrawing and restoring rankings, tags, and deletion."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, insert, select, update

from feedback_app.domain.comparison import ComparisonStatus, Ranking
from feedback_app.store.comparison_rows import annotation_from
from feedback_app.store.comparisons import ComparisonNotFound
from feedback_app.store.database import Database, insert_new
from feedback_app.store.desks import desk_verdicts
from feedback_app.store.outbox import announce
from feedback_app.store.tables import comparisons, rankings, withdrawn

BATCH = 500
OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Curation:
    """Each method is one transaction. Unknown ids are ignored."""

    database: Database

    def take_out(self, ids: Sequence[str], desks: Sequence[str]) -> list[str]:
        """Withdraw rankings: they no longer count, their comparisons become skipped, and the desks are updated. Returns the
        ids of the comparisons that had a ranking."""
        return self._move(ids, desks, rankings, withdrawn, ComparisonStatus.ranked, ComparisonStatus.skipped)

    def bring_back(self, ids: Sequence[str], desks: Sequence[str]) -> list[str]:
        """Restore withdrawn rankings unchanged, except where the comparison has been opened or ranked since."""
        return self._move(ids, desks, withdrawn, rankings, ComparisonStatus.skipped, ComparisonStatus.ranked)

    def withdrawn(self, ids: Sequence[str]) -> dict[str, Ranking]:
        """The withdrawn rankings of these comparisons that can be restored."""
        query = (
            select(withdrawn)
            .join(comparisons)
            .where(comparisons.c.status == ComparisonStatus.skipped.value, comparisons.c.id.in_(ids))
        )
        with self.database.read() as connection:
            rows = connection.execute(query).mappings()
            return {row["comparison_id"]: annotation_from(row) for row in rows}

    def forget(self, comparison_id: str) -> None:
        """Delete the withdrawn ranking, because another one replaces it."""
        with self.database.write() as connection:
            connection.execute(delete(withdrawn).where(withdrawn.c.comparison_id == comparison_id))

    def tag(self, comparison_id: str, tags: Sequence[str]) -> None:
        """Replace the tags of a comparison. Raises ComparisonNotFound."""
        change = update(comparisons).where(comparisons.c.id == comparison_id).values(tags=list(tags))
        with self.database.write() as connection:
            if not connection.execute(change).rowcount:
                raise ComparisonNotFound(f"there is no comparison {comparison_id}")

    def add_tags(self, ids: Sequence[str], merged: Callable[[Sequence[str]], Sequence[str]]) -> list[str]:
        """Give comparisons the tags that `merged` makes of those they have. Returns the ids of those whose tags changed."""
        changed: list[str] = []
        with self.database.write() as connection:
            for batch in _batches(ids):
                query = select(comparisons.c.id, comparisons.c.tags).where(comparisons.c.id.in_(batch))
                for name, known in connection.execute(query.with_for_update()).all():
                    tags = list(merged(known if isinstance(known, list) else ()))
                    if tags != known:
                        change = update(comparisons).where(comparisons.c.id == name).values(tags=tags)
                        connection.execute(change)
                        changed.append(name)
        return changed

    def same_pairs(self, ids: Sequence[str]) -> list[str]:
        """These comparisons and those of the same pair: their repeats and originals."""
        with self.database.read() as connection:
            return _same_pairs(connection, ids)

    def delete(self, ids: Sequence[str], desks: Sequence[str]) -> list[str]:
        """Delete comparisons with their prompts, replies, rankings and guesses, and the comparisons of the same pairs.
        Returns all deleted ids. Rows of `desk_verdicts` stay so that the desks delete too: see `DeskStates.orphans`."""
        with self.database.write() as connection:
            if connection.dialect.name == "sqlite":  # or the texts stay readable in the file
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
            going = _same_pairs(connection, ids)
            for batch in _batches(going):
                deletions = [_deleted(desk, name) for desk in desks for name in batch]
                insert_new(connection, desk_verdicts, deletions, "desk")
                connection.execute(delete(comparisons).where(comparisons.c.id.in_(batch)))
        return going

    def _move(
        self,
        ids: Sequence[str],
        desks: Sequence[str],
        source: Table,
        target: Table,
        before: ComparisonStatus,
        after: ComparisonStatus,
    ) -> list[str]:
        moved: list[str] = []
        with self.database.write() as connection:
            for batch in _batches(ids):
                lock = select(comparisons.c.id).where(
                    comparisons.c.id.in_(batch), comparisons.c.status == before.value
                )
                locked = connection.execute(lock.with_for_update()).scalars().all()
                known = select(source.c.comparison_id).where(source.c.comparison_id.in_(locked))
                going = set(connection.execute(known).scalars())
                kept = [name for name in dict.fromkeys(batch) if name in going]
                _move_rows(connection, kept, source, target)
                change = update(comparisons).where(comparisons.c.id.in_(kept)).values(status=after.value)
                connection.execute(change)
                announce(connection, kept, desks)
                moved += kept
        return moved


def _deleted(desk: str, comparison_id: str) -> dict[str, str]:
    """A row of `desk_verdicts` that matches no ranking on either side."""
    return {"desk": desk, "comparison_id": comparison_id, "annotator": OWNER, "ours": "", "theirs": ""}


def _move_rows(connection: Connection, ids: Sequence[str], source: Table, target: Table) -> None:
    """Move the rows of these comparisons from one table to the other."""
    connection.execute(delete(target).where(target.c.comparison_id.in_(ids)))
    rows = select(source).where(source.c.comparison_id.in_(ids))
    connection.execute(insert(target).from_select([column.name for column in source.c], rows))
    connection.execute(delete(source).where(source.c.comparison_id.in_(ids)))


def _same_pairs(connection: Connection, ids: Sequence[str]) -> list[str]:
    first = comparisons.c.repeat_of
    origins = _column(connection, first, comparisons.c.id, ids)
    known = _column(connection, comparisons.c.id, comparisons.c.id, [*ids, *filter(None, origins)])
    return list(dict.fromkeys([*known, *_column(connection, comparisons.c.id, first, known)]))


def _column(
    connection: Connection, column: Column[Any], named: Column[Any], values: Sequence[str]
) -> list[str]:
    """The values of `column` in the comparisons whose column `named` has one of the values."""
    queries = (select(column).where(named.in_(batch)) for batch in _batches(values))
    return [value for query in queries for value in connection.execute(query).scalars()]


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
