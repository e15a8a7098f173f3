"""Guesses, pairs that come back, and the verdicts that are learned from."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, text, update

from feedback_app.domain.comparison import Comparison, Ranking
from feedback_app.domain.guess import Guess, marked
from feedback_app.domain.preference import prompt_key
from feedback_app.domain.repeats import choice_of
from feedback_app.store import Store
from feedback_app.store.database import open_database
from feedback_app.store.migration import downgrade, upgrade
from feedback_app.store.tables import comparisons
from tests.integration.store.examples import FIRST_BEST, NOON, minutes, shown

pytestmark = pytest.mark.integration


def ranked(store: Store, minute: int, ranking: Ranking = FIRST_BEST, **changes: object) -> Comparison:
    store.comparisons.add(comparison := shown(created_at=NOON + minutes(minute), **changes))
    return store.comparisons.rank(comparison.id, replace(ranking, created_at=comparison.created_at), [])


def test_a_guess_comes_back_as_it_was_stored_and_a_newer_one_replaces_it(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    assert store.guesses.get(comparison.id) is None
    for guess in (Guess(comparison.id, (0.25, 0.75), 3, NOON), Guess(comparison.id, (0.5, 0.5), 4, NOON)):
        assert store.guesses.put(guess)
        assert store.guesses.get(comparison.id) == guess


def test_no_guess_is_stored_after_the_verdict_or_for_a_comparison_that_is_gone(store: Store) -> None:
    comparison = ranked(store, 0)
    assert not store.guesses.put(Guess(comparison.id, (0.5, 0.5), 1))
    assert not store.guesses.put(Guess("nowhere", (0.5, 0.5), 1))


def test_guesses_are_read_with_their_marks_in_the_order_of_the_verdicts_without_repeats(store: Store) -> None:
    first, second, repeat = (shown(), shown(selection="active"), shown(repeat_of="other"))
    for comparison in (first, second, repeat, shown()):
        store.comparisons.add(comparison)
        store.guesses.put(Guess(comparison.id, (0.75, 0.25), 3, NOON))
    for minute, comparison in enumerate((second, first, repeat)):
        verdict = replace(FIRST_BEST, created_at=NOON + minutes(minute))
        after = store.comparisons.rank(comparison.id, verdict, [])
        store.guesses.mark(marked(Guess(comparison.id, (0.75, 0.25), 3, NOON), after))
    found = store.guesses.marked()
    assert [(guess.comparison_id, how) for guess, how in found] == [
        (second.id, "active"),
        (first.id, "random"),
    ]
    assert {(guess.correct, guess.chosen_probability) for guess, _ in found} == {(1.0, 0.75)}
    assert store.guesses.counts() == {"right": 3, "wrong": 0, "tie": 0, "open": 1}
    store.comparisons.unrank(first.id, [])
    assert [guess.comparison_id for guess, _ in store.guesses.marked()] == [second.id]


def test_a_deleted_comparison_takes_its_guess_along(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    store.guesses.put(Guess(comparison.id, (0.5, 0.5), 1))
    with store.database.write() as connection:
        connection.execute(delete(comparisons).where(comparisons.c.id == comparison.id))
    assert store.guesses.get(comparison.id) is None


def test_where_a_comparison_comes_from_comes_back_as_it_was_stored(store: Store) -> None:
    store.comparisons.add(comparison := shown(repeat_of="other", selection="active"))
    assert store.comparisons.get(comparison.id) == comparison


def test_the_newest_rankings_come_oldest_first_the_owners_before_others_and_say_nothing_where_all_are_bad(
    store: Store,
) -> None:
    late, early = ranked(store, 2), ranked(store, 1, Ranking((), all_bad=True))
    imported = ranked(store, 3, replace(FIRST_BEST, annotator=""), source="import:trl")
    store.comparisons.add(shown())
    groups = FIRST_BEST.groups
    assert list(store.outcomes.newest_groups(2).items()) == [(early.id, ()), (late.id, groups)]
    assert list(store.outcomes.newest_groups(9)) == [imported.id, early.id, late.id]
    assert store.outcomes.ranked([late.id, "nowhere"]) == {late.id}


def test_only_pairs_of_the_owner_come_back_once_and_after_enough_others(store: Store) -> None:
    old, again, bad, imported, theirs, newest = (
        ranked(store, 0, tags=("talk",)),
        ranked(store, 1),
        ranked(store, 2, Ranking((), all_bad=True)),
        ranked(store, 3, source="import:trl"),
        ranked(store, 4, replace(FIRST_BEST, annotator="anna")),
        ranked(store, 5),
    )
    repeat = ranked(store, 6, repeat_of=again.id)
    key = prompt_key(old.messages)
    assert store.repeats.candidates(1) == [
        (old.id, key, ("talk",)),
        (newest.id, prompt_key(newest.messages), ()),
    ]
    assert store.repeats.candidates(2) == [(old.id, key, ("talk",))]
    assert store.repeats.candidates(9) == []
    assert [(pair.original, pair.repeat) for pair in store.repeats.ranked_pairs()] == [(again.id, repeat.id)]
    store.comparisons.unrank(again.id, [])
    assert store.repeats.ranked_pairs() == []
    assert {bad.id, imported.id, theirs.id}.isdisjoint(name for name, _, _ in store.repeats.candidates(0))


def test_comparisons_of_a_database_made_before_guesses_were_drawn_at_random(empty_url: str) -> None:
    database = open_database(empty_url)
    with database.write() as connection:
        upgrade(connection, "0002")
        connection.execute(
            text(
                "INSERT INTO comparisons (id, status, source, persona, tags, messages, candidates, prompt_key, created_at) "
                "VALUES ('old', 'open', 'arena', '', '[]', '[]', '[]', 'key', '2026-05-01 12:00:00+00:00')"
            )
        )
        upgrade(connection)
        row = connection.execute(text("SELECT repeat_of, selection FROM comparisons")).one()
        assert tuple(row) == (None, "random")
        downgrade(connection, "0002")
        assert connection.execute(text("SELECT id FROM comparisons")).scalars().all() == ["old"]
    database.close()


def test_a_pair_that_came_back_keeps_its_choices_without_its_texts(store: Store) -> None:
    other, tie = Ranking((("c2",), ("c1",))), Ranking((("c1", "c2"),))
    bad = Ranking((("c1", "c2"),), all_bad=True)
    cases = [
        (FIRST_BEST, other),
        (FIRST_BEST, FIRST_BEST),
        (tie, tie),
        (bad, FIRST_BEST),
        (bad, bad),
        (tie, other),
    ]
    for minute, (first, second) in enumerate(cases):
        original = ranked(store, 2 * minute, first)
        ranked(store, 2 * minute + 1, second, repeat_of=original.id)
    pairs = sorted(
        store.repeats.ranked_pairs(), key=lambda pair: store.comparisons.get(pair.repeat).created_at
    )
    assert [pair.outcome for pair in pairs] == ["same", "reversed", "same", "bad", "same", "tie"]
    for pair in pairs:
        original, repeat = store.comparisons.get(pair.original), store.comparisons.get(pair.repeat)
        assert (pair.first, pair.second) == (choice_of(original), choice_of(repeat))


def test_a_damaged_pair_does_not_count(store: Store) -> None:
    first, second = ranked(store, 0), ranked(store, 1)
    repeats = [ranked(store, 2, repeat_of=first.id), ranked(store, 3, repeat_of=second.id)]
    with store.database.write() as connection:
        broken = update(comparisons).where(comparisons.c.id == repeats[0].id)
        connection.execute(broken.values(candidates=text("'[{}, 3]'")))
    assert [pair.repeat for pair in store.repeats.ranked_pairs()] == [repeats[1].id]
    with store.database.write() as connection:
        mended = update(comparisons).where(comparisons.c.id == second.id)
        connection.execute(mended.values(messages=[{"role": "user", "content": "a\x00b"}]))
    while store.search_index.step():
        pass
    assert store.repeats.ranked_pairs() == []
