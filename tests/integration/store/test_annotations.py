"""Rankings by other annotators, on both databases."""

from dataclasses import replace

import pytest

from feedback_app.domain.comparison import ComparisonStatus, InvalidRanking, Ranking
from feedback_app.store import Agreed, Store
from tests.integration.store.examples import FIRST_BEST, shown

SECOND_BEST = Ranking((("c2",), ("c1",)), annotator="anna", note="n\x01te", source="argilla")


def test_an_annotator_has_one_ranking_and_the_owners_decides(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    store.annotations.put(comparison, FIRST_BEST)
    store.annotations.put(comparison, SECOND_BEST)
    store.annotations.put(comparison, replace(SECOND_BEST, annotator="bert"))
    store.annotations.put(comparison, replace(SECOND_BEST, groups=(("c1", "c2"),)))
    (found,) = store.comparisons.with_rankings()
    assert {ranking.annotator: ranking.groups for ranking in found.others} == {
        FIRST_BEST.annotator: FIRST_BEST.groups,
        "anna": (("c1", "c2"),),
        "bert": (("c2",), ("c1",)),
    }
    assert found.ranking is None
    assert store.comparisons.rank(comparison.id, FIRST_BEST, ()).status is ComparisonStatus.ranked
    (found,) = store.comparisons.with_rankings()
    assert found.counted_rankings == (found.ranking,)


def test_pairs_of_others_count_until_the_owner_has_spoken(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    store.annotations.put(comparison, SECOND_BEST)
    assert store.counters.pairs_from("000") == 1
    store.comparisons.rank(comparison.id, Ranking((("c1", "c2"),)), ())
    assert store.counters.pairs_from("000") == 0


def test_a_ranking_that_does_not_fit_is_not_stored(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    with pytest.raises(InvalidRanking):
        store.annotations.put(comparison, replace(SECOND_BEST, groups=(("c1",),)))
    assert list(store.comparisons.with_rankings()) == []


def test_a_ranking_taken_back_is_gone(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    store.annotations.put(comparison, SECOND_BEST)
    store.annotations.remove(comparison.id, "anna")
    store.annotations.remove(comparison.id, "anna")
    assert list(store.comparisons.with_rankings()) == []


def test_imports_bring_the_rankings_of_others(store: Store) -> None:
    store.comparisons.add_all([replace(shown(), others=(SECOND_BEST,))])
    (found,) = store.comparisons.with_rankings()
    assert found.others == (SECOND_BEST,)


def test_what_a_desk_and_we_agreed_on_is_kept_and_replaced(store: Store) -> None:
    store.desks.agree("argilla", {("k", "owner"): Agreed("a", "b"), ("k", "anna"): Agreed("", "c")})
    store.desks.agree("argilla", {("k", "owner"): Agreed("d", "e")})
    assert store.desks.agreed("argilla") == {("k", "owner"): Agreed("d", "e"), ("k", "anna"): Agreed("", "c")}
    store.desks.forget("argilla", [("k", "anna")])
    assert list(store.desks.agreed("argilla")) == [("k", "owner")]
    assert store.desks.agreed("label-studio") == {}


def test_the_state_of_a_desk_changes_field_by_field(store: Store) -> None:
    assert store.desks.state("argilla").state == "unknown"
    store.desks.set_state("argilla", state="away", reason="r" * 900, problems=["one"])
    store.desks.set_state("argilla", mark="m1")
    found = store.desks.state("argilla")
    assert (found.state, found.mark, found.problems, len(found.reason)) == ("away", "m1", ("one",), 500)
