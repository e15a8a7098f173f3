"""What votes and pages ask often is read by an index, however much is stored."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from feedback_app.store import Store, migrate, open_store

READS: dict[str, Callable[[Store], object]] = {
    "counts": lambda store: store.comparisons.counts(),
    "fingerprint": lambda store: store.outcomes.fingerprint(),
    "training pairs": lambda store: store.counters.pairs_from("1999999a"),
    "waiting": lambda store: store.comparisons.waiting("arena", 40),
    "newest rankings": lambda store: store.outcomes.newest_groups(100),
    "earlier turns": lambda store: store.prompts.ranked(["a" * 64]),
    "asked prompts": lambda store: store.comparisons.asked(["a" * 64]),
    "skipped prompts": lambda store: store.prompts.skipped(["a" * 64]),
    "pairs to repeat": lambda store: store.repeats.candidates(20),
    "comparisons by id": lambda store: store.comparisons.of(["a", "b"]),
    "guesses": lambda store: store.guesses.marked(),
    "outbox": lambda store: store.outbox.due(datetime.now(UTC), 100, "argilla"),
    "stored ids": lambda store: store.comparisons.stored(["a", "b"]),
}


@pytest.mark.parametrize("name", READS)
def test_no_frequent_read_scans_a_table(name: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'codelynn.db'}"
    migrate(url)
    store = open_store(url)
    steps = plan(store, READS[name])
    store.close()
    assert steps
    # A subquery with a limit, and an index that holds no more than what is wanted, may be read from end to end.
    bounded = ("SCAN anon_", "SCAN older", "SCAN guesses USING INDEX ix_guesses_created_at")
    assert [step for step in steps if step.startswith("SCAN") and not step.startswith(bounded)] == []


def plan(store: Store, read: Callable[[Store], object]) -> list[str]:
    """The steps of all queries of a read."""
    asked: list[tuple[str, object]] = []
    engine = store.database.engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        asked.append((statement, parameters))

    read(store)
    event.remove(engine, "before_cursor_execute", note)
    selects = [(statement, given) for statement, given in asked if statement.startswith("SELECT")]
    with store.database.read() as connection:
        return [
            row[3]
            for statement, given in selects
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)  # type: ignore[arg-type]
        ]
