"""Imports and pages: all or nothing in, and every comparison once out."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from feedback_app.domain.comparison import Comparison, ComparisonStatus, InvalidRanking, Ranking
from feedback_app.store import InvalidCursor, Store
from feedback_app.store.tables import comparisons
from tests.integration.store.examples import FIRST_BEST, NOON, minutes, shown

QUICK = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def imported(count: int) -> list[Comparison]:
    """Ranked comparisons as an import gives them; the ids do not sort as the times do."""
    return [
        replace(
            shown(f"prompt {i}", created_at=NOON + minutes(i), source="import"),
            id=f"{(i * 7) % 1009}-{i}",
            ranking=FIRST_BEST,
            status=ComparisonStatus.ranked,
        )
        for i in range(count)
    ]


def test_an_import_is_read_back_oldest_first_across_batches(store: Store) -> None:
    items = imported(603)
    assert store.comparisons.add_all(list(reversed(items))) == 603
    assert list(store.comparisons.with_rankings()) == items


def test_an_import_skips_what_is_known_and_counts_what_is_new(store: Store) -> None:
    items = imported(5)
    assert store.comparisons.add_all(items[:3]) == 3
    assert store.comparisons.add_all([*items, items[4]]) == 2
    assert store.comparisons.add_all([]) == 0
    assert [c.id for c in store.comparisons.with_rankings()] == [c.id for c in items]


def test_an_import_with_one_bad_ranking_stores_nothing(store: Store) -> None:
    items = imported(3)
    bad = replace(items[2], ranking=Ranking((("c1",), ("c9",))))
    with pytest.raises(InvalidRanking):
        store.comparisons.add_all([*items[:2], bad])
    assert store.comparisons.counts()["ranked"] == 0


def test_an_import_that_the_database_refuses_halfway_stores_nothing(store: Store) -> None:
    items = imported(520)
    naive = replace(items[-1], created_at=NOON.replace(tzinfo=None))
    with pytest.raises(Exception, match="without a time zone"):
        store.comparisons.add_all([*items[:-1], naive])
    assert store.comparisons.counts()["ranked"] == 0


@QUICK
@given(
    before=st.lists(st.integers(0, 3), max_size=9),
    meanwhile=st.lists(st.lists(st.integers(0, 4), max_size=2), max_size=5),
    limit=st.integers(1, 4),
)
def test_pages_give_each_comparison_once_newest_first_whatever_is_added_meanwhile(
    store: Store, before: list[int], meanwhile: list[list[int]], limit: int
) -> None:
    """Comparisons of the same moment are the hard case: they are told apart by their ids."""
    with store.database.write() as connection:
        connection.execute(delete(comparisons))
    first = [shown(created_at=NOON + minutes(moment)) for moment in before]
    store.comparisons.add_all(first)
    additions, seen, cursor = iter(meanwhile), list[Comparison](), None
    while True:
        page = store.comparisons.page(None, cursor, limit)
        assert len(page.items) <= limit
        seen += page.items
        if (cursor := page.next_cursor) is None:
            break
        store.comparisons.add_all([shown(created_at=NOON + minutes(m)) for m in next(additions, [])])
    places = [(c.created_at, c.id) for c in seen]
    assert places == sorted(set(places), reverse=True)
    assert {c.id for c in first} <= {c.id for c in seen}


def test_a_page_can_be_of_one_status(store: Store) -> None:
    store.comparisons.add_all(imported(2))
    store.comparisons.add(waiting := shown())
    assert list(store.comparisons.page(ComparisonStatus.open, None, 10).items) == [waiting]
    ranked = store.comparisons.page(ComparisonStatus.ranked, None, 2)
    assert (len(ranked.items), ranked.next_cursor) == (2, None)


@pytest.mark.parametrize("cursor", ["", "x", "ü", "AAAA", "MjAyNi0wNS0wMVQxMjowMDowMCB4"])
def test_a_cursor_that_is_not_ours_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidCursor, match="leave it out"):
        store.comparisons.page(None, cursor, 5)
