"""Rows that an older version wrote with text and numbers that nothing may be, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from feedback_app.domain.comparison import Message
from feedback_app.domain.conversation import Conversation, Turn
from feedback_app.domain.preference import Demonstration
from feedback_app.domain.ranking_query import RankingSearch
from feedback_app.domain.round import Checkpoint, InvalidRound, Round, RoundEvent, RoundState
from feedback_app.formats import sft
from feedback_app.store import Page, Store
from feedback_app.store.search import SearchPage
from tests.integration.store.examples import FIRST_BEST, shown

HALF = r'"x\ud83d"'


@pytest.fixture
def ranked(store: Store) -> str:
    """The id of a ranked comparison."""
    store.comparisons.add(comparison := shown())
    store.comparisons.rank(comparison.id, replace(FIRST_BEST, note="fine", seconds=3.0), ())
    return comparison.id


def write(store: Store, statement: str, **values: object) -> None:
    with store.comparisons.database.write() as connection:
        connection.execute(text(statement), values)


def test_text_is_mended_known_for_it_and_left_out_of_what_is_judged(store: Store, ranked: str) -> None:
    write(store, "UPDATE rankings SET note = :note", note=HALF)
    write(store, "UPDATE comparisons SET tags = :tags", tags=rf'[{HALF}, "\u0000"]')
    found = store.comparisons.get(ranked)
    assert found.damaged
    assert (found.tags, found.ranking and found.ranking.note) == (("x\ufffd", "\ufffd"), "x\ufffd")
    assert list(store.comparisons.with_rankings()) == []
    assert [each.id for each in store.comparisons.with_rankings(damaged=True)] == [ranked]
    assert list(store.search.ids(RankingSearch(verdict="damaged"), None)) == [ranked]
    assert store.search.choices().tags == ["x\ufffd", "\ufffd"]
    assert store.curation.delete([ranked], ()) == [ranked]


@pytest.mark.parametrize("odd", ["'NaN'", "'Infinity'", "-1", "1e300"])
def test_a_time_that_nobody_can_have_taken_is_not_known(store: Store, ranked: str, odd: str) -> None:
    if (
        store.comparisons.database.engine.dialect.name == "sqlite"
    ):  # it has no NaN, and writes infinity as it likes
        odd = {"'NaN'": "NULL", "'Infinity'": "9e999"}.get(odd, odd)
    write(store, f"UPDATE rankings SET seconds = {odd}")
    (found,) = store.comparisons.with_rankings()
    assert found.ranking is not None
    assert (found.ranking.seconds, found.damaged) == (None, False)


def test_numbers_of_a_reply_that_are_not_known_are_the_usual_ones(store: Store, ranked: str) -> None:
    (before,) = [found.candidates for found in store.comparisons.with_rankings()]
    document = '[{"id": "c1", "position": 0, "model": "base", "text": "a", "sampling": {"temperature": null, "later": 1}},'
    document += ' {"id": "c2", "position": 1, "model": "base", "text": "b", "sampling": {}}]'
    write(store, "UPDATE comparisons SET candidates = :document", document=document)
    (after,) = [found.candidates for found in store.comparisons.with_rankings()]
    assert [candidate.id for candidate in after] == [candidate.id for candidate in before]
    assert after[0].sampling == after[1].sampling


@pytest.fixture
def loose(store: Store) -> Store:
    """A database that keeps anything in place of a date or JSON."""
    if store.comparisons.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps no date that is none, and no JSON")
    return store


@pytest.mark.parametrize("odd", ["never", "2026-05-02 never", "", 7, "9999-99-99 00:00:00.000000"])
@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_broken_date_is_in_the_way_of_no_page_and_no_walk(
    loose: Store, ranked: str, odd: object, page: int
) -> None:
    others = [shown("another"), shown("a third")]
    for comparison in others:
        loose.comparisons.add(comparison)
        loose.comparisons.rank(comparison.id, FIRST_BEST, ())
    write(loose, "UPDATE comparisons SET created_at = :odd WHERE id = :id", id=ranked, odd=odd)
    every = {ranked, *(comparison.id for comparison in others)}
    assert loose.comparisons.get(ranked).damaged
    assert {found.id for found in loose.comparisons.with_rankings()} == every - {ranked}
    assert listed(lambda cursor: loose.comparisons.page(None, cursor, page)) == every
    assert listed(lambda cursor: loose.search.page(RankingSearch(), None, cursor, page)) == every
    assert list(loose.search.ids(RankingSearch(verdict="damaged"), None)) == [ranked]
    assert loose.curation.delete([ranked], ()) == [ranked]


def test_a_comparison_whose_status_is_none_is_found_and_deleted(loose: Store, ranked: str) -> None:
    write(loose, "UPDATE comparisons SET status = 'dancing'")
    assert loose.comparisons.get(ranked).damaged
    assert list(loose.comparisons.with_rankings()) == []
    assert list(loose.search.ids(RankingSearch(verdict="damaged"), None)) == [ranked]
    assert loose.curation.delete([ranked], ()) == [ranked]


def listed(page: Callable[[str | None], Page | SearchPage]) -> set[str]:
    """The ids on all pages; none may come twice."""
    shown = page(None)
    found = [comparison.id for comparison in shown.items]
    while shown.next_cursor:
        shown = page(shown.next_cursor)
        found += [comparison.id for comparison in shown.items]
    assert len(found) == len(set(found))
    return set(found)


def test_a_state_and_settings_of_a_round_that_are_none_are_a_failure_that_says_so(loose: Store) -> None:
    for name in ("odd", "unset", "fine"):
        loose.rounds.add(Round(id=name))
    write(loose, "UPDATE rounds SET state = 'dancing', created_at = 'never' WHERE id = 'odd'")
    write(loose, "UPDATE rounds SET config = '[1]', metrics = 'nonsense' WHERE id = 'unset'")
    found = {round_.id: round_ for round_ in loose.rounds.list(9)}
    assert {name: round_.damaged for name, round_ in found.items()} == {
        "odd": True,
        "unset": True,
        "fine": False,
    }
    assert (found["odd"].state, found["unset"].metrics) == (RoundState.failed, {})
    with pytest.raises(InvalidRound, match="damaged in the database"):
        loose.rounds.requeue("odd")
    assert loose.rounds.claim("unset", "w") is None
    assert loose.rounds.get("unset").state is RoundState.failed
    claimed = loose.rounds.claim("fine", "w")
    assert claimed is not None
    loose.rounds.progress(
        "fine", claimed.fence, RoundEvent(1, "train", 1, 1, {"loss": 1.0}, datetime.now(UTC))
    )
    write(loose, "UPDATE round_events SET at = 'never', metrics = '7'")
    assert loose.rounds.events("fine")[0].metrics == {}


def test_versions_chats_guesses_and_imports_with_broken_values_are_in_nobodys_way(loose: Store) -> None:
    loose.checkpoints.add(Checkpoint("v1", "somewhere"))
    talk = Conversation("base", "lynn", turns=(Turn("user", "hi"),))
    loose.conversations.add(talk)
    prompt = (Message("user", "hi"),)
    loose.demonstrations.add_all([Demonstration(prompt, "one"), Demonstration(prompt, "two")])
    write(loose, "UPDATE checkpoints SET created_at = 'never', manifest = '[]'")
    write(loose, "UPDATE conversations SET updated_at = 'never'")
    write(loose, "UPDATE turns SET created_at = 'never'")
    write(loose, "UPDATE demonstrations SET prompt = 'nonsense' WHERE reply = :one", one='"one"')
    assert [(one.name, one.damaged) for one in loose.checkpoints.list()] == [("v1", True)]
    assert [one.damaged for one in loose.conversations.list(9)] == [True]
    assert loose.conversations.get(talk.id).damaged
    assert [sft.carried(one) for one in loose.demonstrations.all()] == [False, True]
    loose.conversations.delete(talk.id)
    assert loose.conversations.list(9) == []
