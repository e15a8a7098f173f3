"""Looks up prompts by their keys (see `prompt_key`): whether they were skipped, and how they were ranked."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.store.comparison_rows import comparison_from, select_comparisons
from feedback_app.store.database import BATCH, Database
from feedback_app.store.tables import comparisons


@dataclass(frozen=True, slots=True)
class Prompts:
    database: Database

    def skipped(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` whose prompts were skipped every time they were shown."""
        skipped = ComparisonStatus.skipped.value
        key, status = comparisons.c.prompt_key, comparisons.c.status
        skipped_keys: set[str] = set()
        other_keys: set[str] = set()
        with self.database.read() as connection:
            for i in range(0, len(keys), BATCH):
                query = select(key, status).where(key.in_(keys[i : i + BATCH])).distinct()
                for name, state in connection.execute(query):
                    (skipped_keys if state == skipped else other_keys).add(name)
        return skipped_keys - other_keys

    def ranked(self, keys: Sequence[str]) -> list[Comparison]:
        """The ranked comparisons of these prompts, oldest first."""
        query = select_comparisons().where(comparisons.c.prompt_key.in_(keys))
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(comparisons.c.created_at, comparisons.c.id)).mappings()
            return [comparison_from(row) for row in rows if row["status"] == ComparisonStatus.ranked.value]
