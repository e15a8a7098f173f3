"""What a round can learn from: how much there is, without reading any text, and the rows of a snapshot."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Index, Integer, Select, Table, Text, func, select, text

from feedback_app.domain.training_row import TrainingRow
from feedback_app.store.database import Database
from feedback_app.store.tables import annotations, comparisons, metadata, rankings, ratings
from feedback_app.store.training_rows import training_rows

DIGITS = 3
"""Of a prompt key, by which pairs are counted."""
KEYS = 2**32
PER_BUCKET = KEYS // 16**DIGITS
MOST_ROWS = 3 * 16**DIGITS
"""On PostgreSQL the changes are put together once there are so many of them."""
COMPACT = text(
    "WITH gone AS (DELETE FROM training_pairs WHERE id IN "
    "(SELECT id FROM training_pairs ORDER BY id FOR UPDATE SKIP LOCKED) RETURNING bucket, pairs) "
    "INSERT INTO training_pairs (bucket, pairs) SELECT bucket, sum(pairs) FROM gone GROUP BY bucket"
)

# The number of preference pairs that count, by the first digits of the prompt key. Triggers keep it: see migration 0017. There
# may be several rows of a bucket, which add up.
training_pairs = Table(
    "training_pairs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bucket", Text, nullable=False, index=True),
    Column("pairs", Integer, nullable=False),
)

# Finds the owner's own replies without reading the rankings.
Index(
    "ix_rankings_edited",
    rankings.c.comparison_id,
    sqlite_where=rankings.c.edit.is_not(None),
    postgresql_where=rankings.c.edit.is_not(None),
)


@dataclass(frozen=True, slots=True)
class Training:
    """The training side of the split is that of the prompt keys from `first_key` on (see `split_of_key`)."""

    database: Database

    def rows(self) -> Iterator[list[TrainingRow]]:
        """Comparisons that anybody ranked, in batches. See `training_rows`."""
        return training_rows(self.database)

    def comparisons(self) -> int:
        """About how many of them there are."""
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(rankings)).scalar_one()

    def pairs(self, heldout_fraction: float) -> int:
        """The preference pairs of two different replies on the training side, of the rankings that count."""
        first = first_key(heldout_fraction)
        bucket, rest = divmod(first, PER_BUCKET)
        whole = bucket + (rest > 0)
        kept = select(func.count(), func.coalesce(func.sum(training_pairs.c.pairs), 0)).where(
            training_pairs.c.bucket >= f"{whole:0{DIGITS}x}"
        )
        with self.database.read() as connection:
            rows, pairs = connection.execute(kept).one() if whole < 16**DIGITS else (0, 0)
            part = connection.execute(_between(first, whole * PER_BUCKET)).scalar_one() if rest else 0
        if rows > MOST_ROWS:
            self._compact()
        return int(pairs) + int(part)

    def edits(self, heldout_fraction: float) -> int:
        """The rankings on the training side whose owner wrote a reply."""
        return self._number(_edited(first_key(heldout_fraction)), heldout_fraction)

    def rated(self) -> tuple[int, int]:
        """How many imported ratings there are of good and of bad replies, on both sides."""
        query = select(func.count()).select_from(ratings)
        with self.database.read() as connection:
            good, bad = (
                connection.execute(query.where(ratings.c.good.is_(value))).scalar_one()
                for value in (True, False)
            )
        return int(good), int(bad)

    def _number(self, query: Select[Any], heldout_fraction: float) -> int:
        if first_key(heldout_fraction) >= KEYS:
            return 0
        with self.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def _compact(self) -> None:
        with self.database.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(COMPACT)


def first_key(heldout_fraction: float) -> int:
    """The first 32 bits of the lowest prompt key on the training side."""
    return min(KEYS, max(0, math.ceil(heldout_fraction * KEYS)))


def _edited(first: int) -> Select[Any]:
    """Counts the edits of the prompt keys from `first` on. Those with an edit are few, so the search begins with them: the
    index of prompt keys, which would find most comparisons, does not serve a part of a key."""
    train = func.substr(comparisons.c.prompt_key, 1, 8) >= f"{first:08x}"
    query = select(func.count()).select_from(rankings.join(comparisons))
    return query.where(rankings.c.edit.is_not(None), train)


def _between(first: int, end: int) -> Select[Any]:
    """Counts the pairs of the prompt keys from `first` to before `end`."""
    key = comparisons.c.prompt_key
    here: ColumnElement[bool] = key >= f"{first:08x}"
    if end < KEYS:
        here &= key < f"{end:08x}"
    others = (
        select(func.sum(annotations.c.pairs))
        .where(annotations.c.comparison_id == comparisons.c.id)
        .scalar_subquery()
    )
    counted = func.coalesce(rankings.c.pairs, others, 0)
    return (
        select(func.coalesce(func.sum(counted), 0)).select_from(comparisons.outerjoin(rankings)).where(here)
    )
