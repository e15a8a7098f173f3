"""The search index: the same results as reading every comparison, whatever was indexed already; plans that read no whole table."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from feedback_app.domain.comparison import ASPECTS, Comparison, Message, Ranking
from feedback_app.domain.ranking_query import RANKING_FILTERS, SELECTION_FILTERS, RankingSearch, folded
from feedback_app.store import Store
from feedback_app.store.search import conditions, queries
from feedback_app.store.search.documents import document, facets_of
from tests.integration.store.examples import FIRST_BEST, NOON, minutes, shown

WORDS = ("Krankenhaus", "amor vincit", "f(x) == y", "Straße", "ÜBUNG", "猫", "x", "100 %_", 'say "no"')
PARTS = ("haus", "vincit omnia", "mor", "(x) ==", "strasse", "übung", "猫", "q", "_", "%", '"no"', "zz", "a")


def index_all(store: Store) -> None:
    while store.search_index.step():
        pass


def put(store: Store, prompt: str, ranking: Ranking | None = None, **changes: Any) -> str:
    comparison = shown(prompt, **changes)
    store.comparisons.add(comparison)
    if ranking is not None:
        store.comparisons.rank(comparison.id, ranking, ())
    return comparison.id


def found(store: Store, limit: int = 50, **wanted: Any) -> list[str]:
    """The ids of every page; none may come twice."""
    ids: list[str] = []
    cursor: str | None = None
    while True:
        page = store.search.page(RankingSearch(**wanted), None, cursor, limit)
        ids += [comparison.id for comparison in page.items]
        if (cursor := page.next_cursor) is None:
            assert len(ids) == len(set(ids))
            return ids


def by_reading(store: Store, wanted: RankingSearch) -> list[str]:
    """The ids of the comparisons that match, found by reading every one."""
    every: list[Comparison] = list(store.comparisons.page(None, None, 1000).items)
    out = store.curation.withdrawn([comparison.id for comparison in every])
    matching = []
    for comparison in every:
        read = document(comparison, out.get(comparison.id))
        if read and set(facets_of(wanted)) <= read.facets and folded(wanted.words) in read.body:
            matching.append(comparison.id)
    return matching


rankings = st.builds(
    Ranking,
    groups=st.sampled_from([(("c1",), ("c2",)), (("c1", "c2"),), (("c2",), ("c1",))]),
    all_bad=st.booleans(),
    aspects=st.lists(st.sampled_from(ASPECTS), max_size=2, unique=True).map(tuple),
    note=st.sampled_from(("", *WORDS)),
    edit=st.sampled_from((None, *WORDS)),
    source=st.sampled_from(("arena", "argilla")),
)
writes = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(WORDS), st.sampled_from(((), ("work",), ("work", "tea")))),
    st.tuples(st.just("rank"), st.integers(0, 9), rankings),
    st.tuples(st.sampled_from(("undo", "skip", "exclude", "include", "delete", "index")), st.integers(0, 9)),
    st.tuples(st.just("tag"), st.integers(0, 9), st.sampled_from(((), ("tea",)))),
)
searches = st.builds(
    RankingSearch,
    words=st.sampled_from(("", *PARTS)),
    verdict=st.sampled_from(("", *RANKING_FILTERS)),
    tag=st.sampled_from(("", "work", "tea", "none")),
    source=st.sampled_from(("", "arena", "argilla")),
    version=st.sampled_from(("", "v1", "v9")),
    aspect=st.sampled_from(("", ASPECTS[0])),
    chosen=st.sampled_from(("", *SELECTION_FILTERS)),
)


def write(store: Store, ids: list[str], what: tuple[Any, ...]) -> None:
    name, *rest = what
    if name == "add":
        ids.append(put(store, rest[0], tags=rest[1], created_at=NOON + minutes(len(ids) // 3)))
    elif name == "index":
        store.search_index.step(rest[0] or 1)
    elif ids:
        change(store, ids, name, ids[rest[0] % len(ids)], rest[1:])


def change(store: Store, ids: list[str], name: str, one: str, rest: list[Any]) -> None:
    match name:
        case "rank":
            store.comparisons.rank(one, rest[0], ())
        case "undo":
            store.comparisons.unrank(one, ())
        case "skip" if store.comparisons.get(one).ranking is None:
            store.comparisons.skip(one)
        case "exclude":
            store.curation.take_out([one], ())
        case "include":
            store.curation.bring_back([one], ())
        case "tag":
            store.curation.tag(one, rest[0])
        case "delete":
            store.curation.delete([one], ())
            ids.remove(one)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(writes, min_size=3, max_size=25),
    asked=st.lists(searches, min_size=1, max_size=6),
    few=st.sampled_from((0, 2, conditions.FEW)),
    window=st.sampled_from((1, 3, queries.WINDOW)),
)
def test_the_index_finds_what_reading_every_comparison_finds(
    store: Store, changes: list[Any], asked: list[RankingSearch], few: int, window: int
) -> None:
    store.curation.delete(
        [comparison.id for comparison in store.comparisons.page(None, None, 1000).items], ()
    )
    ids: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "FEW", few)
        patch.setattr(conditions, "FEW", few)
        patch.setattr(queries, "WINDOW", window)
        for what in changes:
            write(store, ids, what)
        for wanted in asked:
            expected = by_reading(store, wanted)
            arguments = {name: getattr(wanted, name) for name in ("words", "verdict", "tag", "source")}
            arguments |= {name: getattr(wanted, name) for name in ("version", "aspect", "chosen")}
            assert found(store, limit=2, **arguments) == expected
            assert list(store.search.ids(wanted, None)) == expected
            page = store.search.page(wanted, None, None, 50)
            assert page.estimated or page.total == len(expected)


def test_more_changes_than_a_search_reads_are_counted_as_not_searched(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "READ_DIRECTLY", 2)
    for i in range(3):
        put(store, f"tea {i}")
    page = store.search.page(RankingSearch(words="tea"), None, None, 10)
    assert (page.total, page.unindexed) == (0, 3)
    index_all(store)
    page = store.search.page(RankingSearch(words="tea"), None, None, 10)
    assert (page.total, page.unindexed) == (3, 0)


def test_a_search_that_finds_too_few_says_where_it_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rare = put(store, "zz", created_at=NOON)
    for i in range(6):
        put(store, "tea", created_at=NOON + minutes(i + 1))
    index_all(store)
    monkeypatch.setattr(queries, "BUDGET", 2)
    monkeypatch.setattr(queries, "WINDOW", 2)
    page = store.search.page(RankingSearch(words="zz"), None, None, 5)
    assert not page.items
    assert page.next_cursor
    assert found(store, words="zz") == [rare]


def test_deleted_texts_leave_the_index_with_their_comparison(store: Store) -> None:
    gone, kept = put(store, "my secret garden"), put(store, "tea")
    index_all(store)
    store.curation.delete([gone], ())
    with store.database.read() as connection:
        bodies = connection.execute(text("SELECT body FROM search_entries")).scalars().all()
    assert len(bodies) == 1
    assert found(store, words="garden") == []
    assert found(store, words="tea") == [kept]


def test_compacting_removes_the_trigrams_of_deleted_texts(store: Store) -> None:
    if store.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's own vacuum removes them")
    gone = put(store, "qxqxq wvwvw")
    for i in range(30):
        put(store, f"tea {i}")
    index_all(store)
    store.curation.delete([gone], ())
    for _ in range(1000):
        if not store.search_index.compact():
            break
    else:
        pytest.fail("compaction does not end")
    with store.database.read() as connection:
        blocks = connection.execute(text("SELECT block FROM search_trigrams_data")).scalars().all()
    assert not any(b"xqx" in bytes(block) for block in blocks)
    assert len(found(store, words="tea")) == 30


def test_an_edit_is_found_at_once_and_the_old_words_no_longer(store: Store) -> None:
    key = put(store, "tea", replace(FIRST_BEST, note="lavender"))
    index_all(store)
    store.comparisons.rank(key, replace(FIRST_BEST, note="camomile"), ())
    for _ in range(2):
        assert found(store, words="lavender") == []
        assert found(store, words="camomile") == [key]
        index_all(store)


def test_progress_counts_what_waits_and_what_is_indexed(store: Store) -> None:
    for i in range(3):
        put(store, str(i))
    store.search_index.step(2)
    now = store.search_index.progress()
    assert (now.pending, now.entries) == (1, 2)


def test_unusual_messages_are_searched_without_the_system_prompt(store: Store) -> None:
    messages = (Message("system", "be warm"), Message("user", "tea"))
    key = put(store, "tea")
    store.comparisons.add(replace(shown("x"), messages=messages))
    index_all(store)
    assert found(store, words="be warm") == []
    assert len(found(store, words="tea")) == 2
    assert key in found(store, words="TEA")


def test_totals_are_exact_for_a_filter_while_its_comparisons_change(store: Store) -> None:
    keys = [put(store, f"tea {i}", FIRST_BEST, created_at=NOON + minutes(i)) for i in range(30)]
    index_all(store)
    assert store.search.page(RankingSearch(verdict="ranked"), None, None, 5).total == 30
    store.curation.take_out([keys[0], keys[29]], ())
    put(store, "more tea", FIRST_BEST)
    first = store.search.page(RankingSearch(verdict="ranked"), None, None, 5)
    assert (first.total, first.estimated) == (29, False)
    assert store.search.page(RankingSearch(verdict="taken out"), None, None, 1).total == 2
    index_all(store)
    assert store.search.page(RankingSearch(verdict="ranked"), None, None, 5).total == 29
