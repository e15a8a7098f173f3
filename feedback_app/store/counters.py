"""Counters that the database's triggers keep (see migration 0015), so that a number costs the same however much is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    union_all,
)

from feedback_app.store.database import Database
from feedback_app.store.tables import annotations, comparisons, metadata, rankings

# Triggers keep them (migration 0015): a counter is the sum of its rows.
counters = Table(
    "counters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("bucket", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    Index(None, "name", "bucket"),
)

BUCKET_LENGTH = 3
"""Pairs are counted by so many digits at the beginning of their prompt's key."""
AFTER_EVERY_DIGIT = "g"
MOST_ROWS = 20_000
"""PostgreSQL's triggers add rows. Above this number, reading them folds them to one for each counter."""


@dataclass(frozen=True, slots=True)
class Counters:
    database: Database

    def totals(self, names: Sequence[str]) -> dict[str, int]:
        """The value of each counter, whatever its bucket."""
        query = select(counters.c.name, func.sum(counters.c.value)).where(counters.c.name.in_(names))
        with self.database.read() as connection:
            known = {row[0]: int(row[1]) for row in connection.execute(query.group_by(counters.c.name))}
        return {name: known.get(name, 0) for name in names}

    def by_bucket(self, name: str) -> dict[str, int]:
        """The value of a counter for each of its buckets, without those that are 0."""
        total = func.sum(counters.c.value)
        query = select(counters.c.bucket, total).where(counters.c.name == name).group_by(counters.c.bucket)
        with self.database.read() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query.having(total != 0))}

    def pairs_from(self, key: str) -> int:
        """The preference pairs of all rankings that count whose prompt key is `key` or comes after it. `key` has three digits
        or more."""
        bucket = key[:BUCKET_LENGTH]
        later = counters.c.bucket > bucket
        query = select(func.coalesce(func.sum(counters.c.value), 0), func.count())
        with self.database.read() as connection:
            value, rows = connection.execute(query.where(counters.c.name == "prompt_pairs", later)).one()
            total = int(value) + _pairs_between(connection, key, bucket + AFTER_EVERY_DIGIT)
        if rows > MOST_ROWS:
            self.fold()
        return total

    def fold(self) -> None:
        """Replace all rows of a counter by one with their sum. Rows that are added meanwhile stay."""
        with self.database.write() as connection:
            _fold(connection)


def _pairs_between(connection: Connection, first: str, end: str) -> int:
    """As `pairs_from`, of the keys from `first` up to `end`, counted by the index of the keys."""
    within = (comparisons.c.prompt_key >= first) & (comparisons.c.prompt_key < end)
    owner = select(rankings.c.pairs).join_from(comparisons, rankings).where(within)
    ranked = select(rankings.c.comparison_id).where(rankings.c.comparison_id == comparisons.c.id)
    others = select(annotations.c.pairs).join_from(comparisons, annotations).where(within, ~ranked.exists())
    pairs = union_all(owner, others).subquery()
    return int(connection.execute(select(func.coalesce(func.sum(pairs.c.pairs), 0))).scalar_one())


def _fold(connection: Connection) -> None:
    removed = delete(counters).returning(counters.c.name, counters.c.bucket, counters.c.value)
    sums: dict[tuple[str, str], int] = {}
    for name, bucket, value in connection.execute(removed):
        sums[name, bucket] = sums.get((name, bucket), 0) + value
    rows = [{"name": name, "bucket": bucket, "value": value} for (name, bucket), value in sums.items()]
    if rows:
        connection.execute(insert(counters), rows)
