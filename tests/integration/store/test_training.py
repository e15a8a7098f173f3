"""How much there is to learn from: the number of pairs that the store keeps is the number there is, whatever is done."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Select

from feedback_app.domain.comparison import Ranking
from feedback_app.domain.preference import split_of_key
from feedback_app.store import Store, migrate
from feedback_app.store.database import Database, open_database
from feedback_app.store.migration import downgrade
from feedback_app.store.paging import Position
from feedback_app.store.training import _between, _edited
from feedback_app.store.training_rows import _query
from tests.integration.store.examples import pairs_by_prompt
from tests.unit.workers.examples import ranked

pytestmark = pytest.mark.integration
FRACTIONS = (0.0, 0.1, 0.15, 1 / 4096, 0.5, 0.9999, 1.0)
GROUPS = ((("c1",), ("c2",)), (("c2",), ("c1",)), (("c1", "c2"),))


def counted(store: Store, fraction: float) -> int:
    """The pairs on the training side, counted one by one."""
    by_prompt = pairs_by_prompt(store)
    return sum(pairs for key, pairs in by_prompt if split_of_key(key, fraction) == "train")


def assert_kept(store: Store) -> None:
    kept = [store.training.pairs(fraction) for fraction in FRACTIONS]
    assert kept == [counted(store, fraction) for fraction in FRACTIONS]


def act(store: Store, random: Random, names: Sequence[str]) -> None:
    """One of the things that change rankings, to a comparison drawn at random."""
    name = random.choice(names)
    ranking = Ranking(random.choice(GROUPS), edit=random.choice((None, "Better still.")))
    match random.randrange(7):
        case 0:
            store.comparisons.rank(name, ranking, ())
        case 1:
            store.comparisons.unrank(name, ())
        case 2 | 3:
            who = random.choice(("anna", "ben"))
            store.annotations.put(store.comparisons.get(name), replace(ranking, annotator=who))
        case 4:
            store.annotations.remove(name, random.choice(("anna", "ben")))
        case 5:
            store.curation.take_out([name], ())
        case _:
            store.curation.bring_back([name], ())


@pytest.mark.parametrize("seed", range(8))
def test_the_kept_number_of_pairs_is_the_counted_one_whatever_is_done(store: Store, seed: int) -> None:
    random = Random(seed)
    comparisons = [ranked(f"question {seed} {number}") for number in range(12)]
    store.comparisons.add_all(comparisons)
    names = [comparison.id for comparison in comparisons]
    assert_kept(store)
    for _ in range(25):
        act(store, random, names)
    assert_kept(store)
    store.curation.delete(random.sample(names, 6), ())
    assert_kept(store)
    store.curation.delete(names, ())
    assert [store.training.pairs(fraction) for fraction in FRACTIONS] == [0] * len(FRACTIONS)


def test_a_database_of_an_earlier_version_gets_its_numbers(store: Store, url: str) -> None:
    store.comparisons.add_all([ranked(f"question {number}") for number in range(30)])
    store.annotations.put(store.comparisons.get("id of question 3"), Ranking(GROUPS[1], annotator="anna"))
    store.comparisons.unrank("id of question 3", ())
    database = open_database(url)
    with database.write() as connection:
        downgrade(connection, "0013")
    migrate(url)
    assert_kept(store)
    assert store.training.pairs(0.0) == 30
    database.close()


def test_many_changes_are_put_together(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedback_app.store.training.MOST_ROWS", 3)
    store.comparisons.add_all([ranked(f"question {number}") for number in range(20)])
    for again in (1, 2):
        assert_kept(store)
        store.comparisons.rank(f"id of question {again}", Ranking(GROUPS[2]), ())
    assert_kept(store)


def test_edits_are_counted_on_the_training_side(store: Store) -> None:
    store.comparisons.add_all([ranked(f"question {number}", edit="Better.") for number in range(40)])
    keys = [key for key, _ in pairs_by_prompt(store)]
    for fraction in FRACTIONS:
        train = sum(split_of_key(key, fraction) == "train" for key in keys)
        assert store.training.edits(fraction) == train


def plan(database: Database, query: Select[Any]) -> str:
    """What SQLite would do; `SCAN` without an index is a pass over a table."""
    compiled = query.compile(dialect=database.engine.dialect, compile_kwargs={"literal_binds": True})
    with database.read() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")
        return "\n".join(row[-1] for row in rows)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (_query(Position(datetime(2026, 1, 1, tzinfo=UTC), "a")), "ix_comparisons_created_at_id"),
        (_between(0x26666667, 0x26700000), "ix_comparisons_prompt_key"),
        (_edited(0x26666667), "ix_rankings_edited"),
    ],
)
def test_reading_and_counting_go_by_an_index(migrated_sqlite: Path, query: Select[Any], index: str) -> None:
    database = open_database(f"sqlite:///{migrated_sqlite}")
    steps = plan(database, query)
    assert f"USING INDEX {index}" in steps or f"USING COVERING INDEX {index}" in steps
    assert not [step for step in steps.splitlines() if step.startswith("SCAN") and "INDEX" not in step]
    database.close()
