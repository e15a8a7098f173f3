"""What a round can learn from: how much there is, without reading any text, and the rows of a snapshot."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from feedback_app.domain.training_row import TrainingRow
from feedback_app.store.counters import Counters
from feedback_app.store.database import Database
from feedback_app.store.tables import comparisons, rankings
from feedback_app.store.training_rows import training_rows


@dataclass(frozen=True, slots=True)
class Training:
    """The training side of the split is that of the prompt keys from `first_training_key` on. `Counters.pairs_from` counts its pairs."""

    database: Database

    def rows(self) -> Iterator[list[TrainingRow]]:
        """Comparisons that anybody ranked, in batches. See `training_rows`."""
        return training_rows(self.database)

    def comparisons(self) -> int:
        """About how many of them there are."""
        return sum(Counters(self.database).by_bucket("annotators").values())

    def edits(self, first_key: str) -> int:
        """The rankings whose owner wrote a reply, of the prompt keys from `first_key` on."""
        # Those with an edit are few, so the search begins with them: the index of prompt keys does not serve a part of a key.
        train = func.substr(comparisons.c.prompt_key, 1, len(first_key)) >= first_key
        query = select(func.count()).select_from(rankings.join(comparisons))
        query = query.where(rankings.c.edit.is_not(None), train)
        with self.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def rated(self) -> tuple[int, int]:
        """How many imported ratings there are of good and of bad replies, on both sides."""
        counted = Counters(self.database).by_bucket("ratings")
        return counted.get("good", 0), counted.get("bad", 0)
