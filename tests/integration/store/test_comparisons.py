"""Comparisons: what is stored, when a verdict counts, and how they are read back."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from feedback_app.domain.comparison import ComparisonStatus, InvalidRanking, Message, Ranking
from feedback_app.domain.preference import prompt_key
from feedback_app.store import ComparisonNotFound, Store
from tests.integration.store.examples import FIRST_BEST, NOON, answered, asked, minutes, shown


def test_a_comparison_comes_back_as_it_was_stored(store: Store) -> None:
    comparison = asked(persona="lynn", tags=("weather", "ü"), source="arena")
    store.comparisons.add(comparison)
    assert store.comparisons.get(comparison.id) == comparison


def test_any_text_comes_back_unchanged_even_characters_that_postgresql_refuses(store: Store) -> None:
    text = "control \x01, quotes ' \" \\, %s, émoji 🙂, line\u2028separator"
    comparison = shown(text)
    comparison = replace(comparison, candidates=tuple(replace(c, text=text) for c in comparison.candidates))
    store.comparisons.add(comparison)
    verdict = Ranking((("c2",), ("c1",)), note=text, edit=text, aspects=("too … long",))
    assert store.comparisons.rank(comparison.id, verdict, []) == store.comparisons.get(comparison.id)
    assert store.comparisons.get(comparison.id) == replace(
        comparison, ranking=verdict, status=ComparisonStatus.ranked
    )


def test_moments_are_aware_and_in_utc_whatever_zone_they_were_given_in(store: Store) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    store.comparisons.add(comparison := asked(created_at=elsewhere))
    found = store.comparisons.get(comparison.id).created_at
    assert (found, found.utcoffset()) == (NOON, timedelta(0))


def test_an_unknown_id_is_an_error_of_one_line(store: Store) -> None:
    with pytest.raises(ComparisonNotFound, match="there is no comparison nowhere"):
        store.comparisons.get("nowhere")


def test_adding_the_same_comparison_again_leaves_the_first_as_it_is(store: Store) -> None:
    store.comparisons.add(comparison := asked())
    store.comparisons.add(replace(comparison, persona="other"))
    assert store.comparisons.get(comparison.id) == comparison


def test_filling_sets_the_replies_and_opens_it(store: Store) -> None:
    store.comparisons.add(comparison := asked())
    filled = store.comparisons.fill(comparison.id, answered(comparison))
    assert filled == replace(comparison, candidates=answered(comparison), status=ComparisonStatus.open)
    assert store.comparisons.get(comparison.id) == filled


def test_filling_twice_or_after_a_skip_changes_nothing(store: Store) -> None:
    store.comparisons.add(comparison := asked())
    store.comparisons.skip(comparison.id)
    assert store.comparisons.fill(comparison.id, answered(comparison)).status is ComparisonStatus.skipped
    assert store.comparisons.fail(comparison.id).status is ComparisonStatus.skipped


def test_filling_with_the_candidates_of_another_comparison_is_refused(store: Store) -> None:
    store.comparisons.add(comparison := asked())
    with pytest.raises(ValueError, match="not the candidates"):
        store.comparisons.fill(comparison.id, answered(comparison)[:1])


@pytest.mark.parametrize(
    ("status", "reason"),
    [(ComparisonStatus.generating, "still being written"), (ComparisonStatus.failed, "failed")],
)
def test_a_comparison_without_replies_cannot_be_ranked(
    store: Store, status: ComparisonStatus, reason: str
) -> None:
    store.comparisons.add(comparison := asked(status=status))
    with pytest.raises(InvalidRanking, match=reason):
        store.comparisons.rank(comparison.id, FIRST_BEST, ["argilla"])
    assert store.comparisons.get(comparison.id) == comparison
    assert store.outbox.counts()["pending"] == 0


def test_an_incomplete_ranking_is_refused_and_leaves_nothing(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    with pytest.raises(InvalidRanking, match="c2"):
        store.comparisons.rank(comparison.id, Ranking((("c1",),)), ["argilla"])
    assert store.comparisons.get(comparison.id) == comparison


def test_the_same_verdict_again_changes_nothing_not_even_its_time(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    first = store.comparisons.rank(comparison.id, replace(FIRST_BEST, created_at=NOON, seconds=4.5), [])
    again = store.comparisons.rank(comparison.id, replace(FIRST_BEST, seconds=9.0), ["argilla"])
    assert again == first == store.comparisons.get(comparison.id)
    assert store.outbox.counts()["pending"] == 0


def test_a_new_verdict_replaces_the_old_one(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    store.comparisons.rank(comparison.id, FIRST_BEST, [])
    tie = store.comparisons.rank(comparison.id, Ranking((("c2", "c1"),)), [])
    assert tie.ranking is not None
    assert store.comparisons.get(comparison.id).ranking == tie.ranking
    assert tie.ranking.groups == (("c2", "c1"),)
    assert (store.comparisons.counts()["pairs"], store.comparisons.counts()["ties"]) == (0, 1)


def test_unranking_opens_it_again_and_forgets_the_verdict(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    store.comparisons.rank(comparison.id, FIRST_BEST, [])
    assert store.comparisons.unrank(comparison.id, []) == comparison
    assert store.comparisons.counts()["pairs"] == 0
    assert store.comparisons.unrank(comparison.id, []) == comparison


def test_a_skip_can_be_taken_back_and_a_skipped_comparison_ranked(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    assert store.comparisons.skip(comparison.id).status is ComparisonStatus.skipped
    assert store.comparisons.unrank(comparison.id, ["argilla"]) == comparison
    assert store.outbox.counts()["pending"] == 1  # the desk may have heard of the skip
    store.comparisons.skip(comparison.id)
    assert store.comparisons.rank(comparison.id, FIRST_BEST, []).status is ComparisonStatus.ranked


def test_taking_back_a_skip_of_replies_that_were_never_written_has_them_written(store: Store) -> None:
    store.comparisons.add(comparison := asked())
    store.comparisons.skip(comparison.id)
    assert store.comparisons.unrank(comparison.id, []).status is ComparisonStatus.generating


def test_a_ranked_comparison_cannot_be_skipped(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    store.comparisons.rank(comparison.id, FIRST_BEST, [])
    with pytest.raises(InvalidRanking, match="take the ranking back"):
        store.comparisons.skip(comparison.id)


def test_the_newest_waiting_comparison_of_a_source_is_found(store: Store) -> None:
    store.comparisons.add(older := shown(created_at=NOON))
    store.comparisons.add(newer := asked(created_at=NOON + minutes(1)))
    store.comparisons.add(shown(created_at=NOON + minutes(2), source="api"))
    assert store.comparisons.waiting("arena", 1) == [newer]
    store.comparisons.fail(newer.id)
    assert store.comparisons.waiting("arena", 1) == [older]
    store.comparisons.skip(older.id)
    assert store.comparisons.waiting("arena", 1) == []


def test_counts_are_by_status_and_by_what_the_rankings_say(store: Store) -> None:
    store.comparisons.add(asked())
    for verdict in (FIRST_BEST, Ranking((("c1", "c2"),)), Ranking((), all_bad=True)):
        store.comparisons.add(comparison := shown())
        store.comparisons.rank(comparison.id, verdict, [])
    assert store.comparisons.counts() == {
        "generating": 1, "open": 0, "ranked": 3, "skipped": 0, "failed": 0, "pairs": 1, "ties": 1, "all_bad": 1,
    }  # fmt: skip


def test_an_empty_store_counts_zero_everywhere(store: Store) -> None:
    assert set(store.comparisons.counts().values()) == {0}


def test_of_some_keys_those_are_named_whose_prompts_were_asked(store: Store) -> None:
    for prompt in ("What is rain?", "what  is RAIN?", "And snow?"):
        store.comparisons.add(asked(prompt))
    keys = {prompt_key((Message("user", text),)) for text in ("What is rain?", "And snow?")}
    others = [f"{number:064x}" for number in range(1200)]
    assert store.comparisons.asked([*others, *sorted(keys)]) == keys
    assert store.comparisons.asked([]) == set()
