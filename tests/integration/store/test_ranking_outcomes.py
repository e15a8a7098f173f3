"""Verdicts without their texts, on both databases."""

from dataclasses import replace

from feedback_app.domain.comparison import Ranking
from feedback_app.domain.pairwise_outcomes import RankingOutcome
from feedback_app.store import Store
from tests.integration.store.examples import FIRST_BEST, shown

ANNA = Ranking((("c2",), ("c1",)), annotator="anna", source="argilla")


def test_what_is_said_of_one_comparison_stays_together_and_is_counted(store: Store) -> None:
    ranked = [shown(f"Question {i}") for i in range(5)]
    store.comparisons.add_all(ranked)
    for comparison in ranked[:3]:
        store.comparisons.rank(comparison.id, FIRST_BEST, ())
    for comparison in ranked[2:]:
        store.annotations.put(comparison, ANNA)
        store.annotations.put(comparison, replace(ANNA, annotator="bert"))
    first, second = (RankingOutcome(("base", "v1"), (0, 0), places).to_line() for places in ((0, 1), (1, 0)))
    # Nobody else counts on the third comparison, which the owner ranked.
    assert store.outcomes.counts() == [((first,), 3), ((second, second), 2)]
    assert store.outcomes.counts("anna") == [((second,), 3)]


def test_the_stamp_changes_with_every_verdict_and_with_nothing_else(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    stamps = [store.outcomes.fingerprint(), store.outcomes.fingerprint()]
    assert stamps[0] == stamps[1]
    store.comparisons.rank(comparison.id, FIRST_BEST, ())
    stamps.append(store.outcomes.fingerprint())
    store.comparisons.rank(comparison.id, Ranking((("c1", "c2"),)), ())
    stamps.append(store.outcomes.fingerprint())
    store.annotations.put(comparison, ANNA)
    stamps.append(store.outcomes.fingerprint())
    store.comparisons.unrank(comparison.id, ())
    stamps.append(store.outcomes.fingerprint())
    assert len(set(stamps)) == 5
