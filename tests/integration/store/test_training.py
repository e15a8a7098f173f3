"""How much there is to learn from, and reading it in order without a pass over a whole table."""

import pytest
from sqlalchemy import text

from feedback_app.domain.preference import Rating, first_training_key, split_of_key
from feedback_app.store import Store
from feedback_app.store.database import Database
from tests.integration.store.examples import pairs_by_prompt
from tests.unit.workers.examples import ranked

pytestmark = pytest.mark.integration
FRACTIONS = (0.0, 0.1, 0.15, 1 / 4096, 0.5, 0.9999, 1.0)


def test_edits_are_counted_on_the_training_side(store: Store) -> None:
    store.comparisons.add_all([ranked(f"question {number}", edit="Better.") for number in range(40)])
    keys = [key for key, _ in pairs_by_prompt(store)]
    for fraction in FRACTIONS:
        train = sum(split_of_key(key, fraction) == "train" for key in keys)
        assert store.training.edits(first_training_key(fraction)) == train


def test_imported_ratings_are_counted_by_what_they_say(store: Store) -> None:
    prompt = ranked("a question").messages
    store.ratings.add_all([Rating(prompt, f"reply {i}", good=i < 2, source="import:kto") for i in range(5)])
    assert store.training.rated() == (2, 3)


def plan(database: Database, query: str) -> str:
    with database.read() as connection:
        return " ".join(str(row) for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}")))


def test_reading_in_order_and_counting_read_no_table_from_end_to_end(store: Store) -> None:
    """SQLite says what it would do; `SCAN` without an index is a pass over a table."""
    if store.database.engine.dialect.name != "sqlite":
        pytest.skip("the plans of PostgreSQL depend on its statistics")
    from feedback_app.store.paging import Position
    from feedback_app.store.training_rows import _query

    comparison = ranked("a question")
    dialect = store.database.engine.dialect
    query = _query(Position(comparison.created_at, "a"))
    compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    assert "SCAN" not in plan(store.database, str(compiled))
