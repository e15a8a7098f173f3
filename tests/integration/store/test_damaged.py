"""Rows that an older version wrote with text and numbers that nothing may be, on both databases."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from feedback_app.domain.ranking_query import Wanted
from feedback_app.store import Store
from tests.integration.store.examples import FIRST_BEST, shown

HALF = r'"x\ud83d"'


@pytest.fixture
def ranked(store: Store) -> str:
    """The id of a ranked comparison."""
    store.comparisons.add(comparison := shown())
    store.comparisons.rank(comparison.id, replace(FIRST_BEST, note="fine", seconds=3.0), ())
    return comparison.id


def write(store: Store, statement: str, **values: str) -> None:
    with store.comparisons.database.write() as connection:
        connection.execute(text(statement), values)


def test_text_is_mended_known_for_it_and_left_out_of_what_is_judged(store: Store, ranked: str) -> None:
    write(store, "UPDATE rankings SET note = :note", note=HALF)
    write(store, "UPDATE comparisons SET tags = :tags", tags=rf'[{HALF}, "\u0000"]')
    found = store.comparisons.get(ranked)
    assert found.damaged
    assert (found.tags, found.ranking and found.ranking.note) == (("x\ufffd", "\ufffd"), "x\ufffd")
    assert list(store.comparisons.judged()) == []
    assert [each.id for each in store.comparisons.judged(damaged=True)] == [ranked]
    assert store.search.ids(Wanted(verdict="damaged"), None) == [ranked]
    assert store.search.choices().tags == ["x\ufffd", "\ufffd"]
    assert store.curation.delete([ranked], ()) == [ranked]


@pytest.mark.parametrize("odd", ["'NaN'", "'Infinity'", "-1", "1e300"])
def test_a_time_that_nobody_can_have_taken_is_not_known(store: Store, ranked: str, odd: str) -> None:
    if (
        store.comparisons.database.engine.dialect.name == "sqlite"
    ):  # it has no NaN, and writes infinity as it likes
        odd = {"'NaN'": "NULL", "'Infinity'": "9e999"}.get(odd, odd)
    write(store, f"UPDATE rankings SET seconds = {odd}")
    (found,) = store.comparisons.judged()
    assert found.ranking is not None
    assert (found.ranking.seconds, found.damaged) == (None, False)


def test_numbers_of_a_reply_that_are_not_known_are_the_usual_ones(store: Store, ranked: str) -> None:
    (before,) = [found.candidates for found in store.comparisons.judged()]
    document = '[{"id": "c1", "position": 0, "model": "base", "text": "a", "sampling": {"temperature": null, "later": 1}},'
    document += ' {"id": "c2", "position": 1, "model": "base", "text": "b", "sampling": {}}]'
    write(store, "UPDATE comparisons SET candidates = :document", document=document)
    (after,) = [found.candidates for found in store.comparisons.judged()]
    assert [candidate.id for candidate in after] == [candidate.id for candidate in before]
    assert after[0].sampling == after[1].sampling


def test_a_row_that_the_database_cannot_give_is_named(store: Store, ranked: str) -> None:
    if store.comparisons.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps no date that is none")
    store.comparisons.add(shown("another"))
    write(store, "UPDATE comparisons SET created_at = 'never' WHERE id = :id", id=ranked)
    with pytest.raises(
        RuntimeError, match=f"comparison {ranked} cannot be read .*`codelynn rankings delete {ranked}`"
    ):
        list(store.comparisons.judged())
    assert store.curation.delete([ranked], ()) == [ranked]
    assert list(store.comparisons.judged()) == []
