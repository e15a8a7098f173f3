"""Guesses of the live reward model, each stored before the ranking that it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import RowMapping

from feedback_app.domain.comparison import Selection
from feedback_app.domain.damage import damaged
from feedback_app.domain.guess import Guess
from feedback_app.store.counters import Counters
from feedback_app.store.database import Database
from feedback_app.store.tables import comparisons, guesses, rankings

MOST_MARKED = 5_000
"""Guesses that tell how well the model guesses now."""


@dataclass(frozen=True, slots=True)
class Guesses:
    database: Database

    def put(self, guess: Guess) -> bool:
        """Store a guess, replacing an earlier one. Returns False if the comparison is ranked already or was deleted."""
        with self.database.write() as connection:
            one = comparisons.c.id == guess.comparison_id
            existing = connection.execute(select(comparisons.c.id).where(one).with_for_update()).first()
            decided = select(rankings.c.comparison_id).where(rankings.c.comparison_id == guess.comparison_id)
            if existing is None or connection.execute(decided).first() is not None:
                return False
            connection.execute(delete(guesses).where(guesses.c.comparison_id == guess.comparison_id))
            connection.execute(insert(guesses).values(_row(guess)))
            return True

    def get(self, comparison_id: str) -> Guess | None:
        with self.database.read() as connection:
            query = select(guesses).where(guesses.c.comparison_id == comparison_id)
            row = connection.execute(query).mappings().first()
        return None if row is None or not _readable(row) else _guess(row)

    def of(self, comparison_ids: Sequence[str]) -> dict[str, Guess]:
        """Map comparison ids to their guesses; comparisons without a guess are left out."""
        query = select(guesses).where(guesses.c.comparison_id.in_(comparison_ids))
        with self.database.read() as connection:
            stored = (_guess(row) for row in connection.execute(query).mappings() if _readable(row))
            return {guess.comparison_id: guess for guess in stored}

    def mark(self, guess: Guess) -> None:
        """Store how the guess compares with the ranking."""
        values = {"chosen_probability": guess.chosen_probability, "correct": guess.correct}
        with self.database.write() as connection:
            one = guesses.c.comparison_id == guess.comparison_id
            connection.execute(update(guesses).where(one).values(values))

    def marked(self) -> list[tuple[Guess, Selection]]:
        """The newest MOST_MARKED guesses that were compared with a ranking, in the order of the rankings. Repeats are left
        out, because their answer was known."""
        query = (
            select(*guesses.c, comparisons.c.selection, rankings.c.created_at.label("ranked_at"))
            .join_from(guesses, comparisons)
            .join(rankings, rankings.c.comparison_id == comparisons.c.id)
            .where(guesses.c.correct.is_not(None), comparisons.c.repeat_of.is_(None))
            .order_by(guesses.c.created_at.desc(), guesses.c.comparison_id.desc())
            .limit(MOST_MARKED)
        )
        with self.database.read() as connection:
            rows = [row for row in connection.execute(query).mappings() if _readable(row)]
        rows.sort(key=lambda row: (row["ranked_at"], row["comparison_id"]))
        return [(_guess(row), row["selection"]) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many guesses were right, wrong, at a tie, or are still open."""
        numbers = Counters(self.database).by_bucket("guesses")
        return {name: numbers.get(name, 0) for name in ("right", "wrong", "tie", "open")}


def _row(guess: Guess) -> dict[str, Any]:
    return {
        "comparison_id": guess.comparison_id,
        "probabilities": list(guess.probabilities),
        "votes": guess.votes,
        "created_at": guess.created_at,
        "chosen_probability": guess.chosen_probability,
        "correct": guess.correct,
    }


def _readable(row: RowMapping) -> bool:
    """Whether the row is valid. An invalid row is treated as if there were no guess."""
    chances = row["probabilities"]
    numbers = isinstance(chances, list) and all(isinstance(one, (int, float)) for one in chances)
    return numbers and not damaged([row["created_at"]])


def _guess(row: RowMapping) -> Guess:
    return Guess(
        comparison_id=row["comparison_id"],
        probabilities=tuple(row["probabilities"]),
        votes=row["votes"],
        created_at=row["created_at"],
        chosen_probability=row["chosen_probability"],
        correct=row["correct"],
    )
