"""SQLite's plans: nothing that is asked often reads a whole table."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from feedback_app.domain.ranking_query import RankingSearch
from feedback_app.store import Store
from tests.integration.store.examples import FIRST_BEST
from tests.integration.store.test_search import index_all, put

pytestmark = pytest.mark.integration
WHOLE = re.compile(r"SCAN (?!.*(VIRTUAL|anon|search_pending|CONSTANT|subquery))")


@contextmanager
def plans(store: Store) -> Iterator[list[str]]:
    """The steps of SQLite's plans for everything that is read meanwhile, filled in at the end."""
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    steps: list[str] = []
    event.listen(store.database.engine, "before_cursor_execute", note)
    yield steps
    event.remove(store.database.engine, "before_cursor_execute", note)
    with store.database.read() as connection:
        for statement, parameters in statements:
            steps += [
                row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]


def scans(steps: Sequence[str]) -> list[str]:
    """The steps that read a whole table or a whole index."""
    return [step for step in steps if WHOLE.match(step)]


@pytest.mark.parametrize(
    "wanted",
    [
        RankingSearch(),
        RankingSearch(words="zyzzyva"),
        RankingSearch(words="zy"),
        RankingSearch(verdict="tie"),
        RankingSearch(tag="work", words="tea"),
        RankingSearch(source="arena", verdict="ranked"),
    ],
)
def test_no_search_sorts_or_scans_a_whole_table(store: Store, wanted: RankingSearch) -> None:
    """Of the pending comparisons the first few are read."""
    if store.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by the size of its tables, which are small here")
    for i in range(5):
        put(store, f"tea {i}", FIRST_BEST, tags=("work",))
    index_all(store)
    with plans(store) as steps:
        store.search.page(wanted, None, None, 50)
    assert steps
    newest_first = "SCAN comparisons USING INDEX ix_comparisons_created_at_id"  # ends after a page
    assert set(scans(steps)) <= {newest_first}


def test_curation_and_consistency_read_no_whole_table(store: Store) -> None:
    if store.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by the size of its tables, which are small here")
    keys = [put(store, f"tea {i}", FIRST_BEST) for i in range(3)]
    put(store, "tea 0", FIRST_BEST, repeat_of=keys[0])
    index_all(store)
    with plans(store) as steps:
        assert len(store.repeats.ranked_pairs()) == 1
        store.curation.withdrawn(keys)
        store.curation.take_out(keys[1:], ("argilla",))
        store.curation.bring_back(keys[1:], ("argilla",))
        store.curation.add_tags(keys, lambda tags: (*tags, "work"))
        assert len(store.curation.same_pairs(keys[:1])) == 2
        store.curation.delete(keys, ("argilla",))
    assert scans(steps) == []
