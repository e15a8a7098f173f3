"""What became of prompts, found by their keys (see `prompt_key`)."""

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
        """Those of `keys` whose prompts were skipped each time they were shown."""
        skipped = ComparisonStatus.skipped.value
        key, status = comparisons.c.prompt_key, comparisons.c.status
        judged: set[str] = set()
        found: set[str] = set()
        with self.database.read() as connection:
            for i in range(0, len(keys), BATCH):
                query = select(key, status).where(key.in_(keys[i : i + BATCH])).distinct()
                for name, state in connection.execute(query):
                    (found if state == skipped else judged).add(name)
        return found - judged

    def ranked(self, keys: Sequence[str]) -> list[Comparison]:
        """The ranked comparisons of these prompts, oldest first."""
        ranked = comparisons.c.status == ComparisonStatus.ranked.value
        query = select_comparisons().where(ranked, comparisons.c.prompt_key.in_(keys))
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(comparisons.c.created_at, comparisons.c.id))
            return [comparison_from(row) for row in rows.mappings()]
