"""The outbox: what desks have yet to be told is stored with the verdict, and never lost."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import inspect

from feedback_app.domain.comparison import Comparison, ComparisonStatus, InvalidRanking, Ranking
from feedback_app.store import Store
from tests.integration.store.examples import FIRST_BEST, minutes, shown

DESKS = ("argilla", "label-studio")


def later(count: float = 1) -> datetime:
    return datetime.now(UTC) + minutes(count)


def ranked(store: Store, desks: tuple[str, ...] = DESKS) -> Comparison:
    store.comparisons.add(comparison := shown())
    return store.comparisons.rank(comparison.id, FIRST_BEST, desks)


def test_a_verdict_is_announced_to_every_desk(store: Store) -> None:
    comparison = ranked(store)
    due = [item for desk in DESKS for item in store.outbox.due(later(), 10, desk)]
    assert [(item.desk, item.comparison_id, item.attempts) for item in due] == [
        (desk, comparison.id, 0) for desk in DESKS
    ]
    assert store.outbox.counts("argilla") == {"pending": 1, "refused": 0}
    assert store.outbox.counts() == {"pending": 2, "refused": 0}


def test_what_is_due_comes_newest_first_up_to_the_limit(store: Store) -> None:
    ids = [ranked(store, ("argilla",)).id for _ in range(3)]
    assert [item.comparison_id for item in store.outbox.due(later(), 2, "argilla")] == ids[:0:-1]
    assert store.outbox.due(later(-1), 10, "argilla") == []


def test_a_refused_verdict_is_not_announced(store: Store) -> None:
    store.comparisons.add(comparison := shown())
    with pytest.raises(InvalidRanking):
        store.comparisons.rank(comparison.id, Ranking((("c1",),)), DESKS)
    assert store.outbox.counts()["pending"] == 0


def test_a_verdict_that_cannot_be_announced_is_not_stored(store: Store) -> None:
    """Both are one transaction: an announcement that the database refuses takes the ranking with it."""
    store.comparisons.add(comparison := shown())
    broken: list[str] = [None]  # type: ignore[list-item]
    with pytest.raises(Exception, match=r"(?i)null"):
        store.comparisons.rank(comparison.id, FIRST_BEST, broken)
    assert store.comparisons.get(comparison.id) == comparison


def test_delivered_rows_are_gone(store: Store) -> None:
    ranked(store)
    for desk in DESKS:
        store.outbox.delivered([item.id for item in store.outbox.due(later(), 10, desk)])
    assert store.outbox.counts() == {"pending": 0, "refused": 0}


def test_a_refused_row_is_set_aside_until_the_next_verdict_or_a_person_sends_it_again(store: Store) -> None:
    comparison = ranked(store, ("argilla",))
    (item,) = store.outbox.due(later(), 10, "argilla")
    store.outbox.refused(item.id, "422")
    assert store.outbox.due(later(), 10, "argilla") == []
    assert store.outbox.counts() == {"pending": 0, "refused": 1}
    store.outbox.enqueue([comparison.id], ["argilla"])
    assert store.outbox.counts() == {"pending": 1, "refused": 0}
    store.outbox.refused(store.outbox.due(later(), 1, "argilla")[0].id, "422")
    store.comparisons.rank(comparison.id, Ranking((("c2",), ("c1",))), ["argilla"])
    assert store.outbox.counts() == {"pending": 1, "refused": 0}


def test_a_verdict_given_while_the_last_one_is_delivered_is_not_lost(store: Store) -> None:
    comparison = ranked(store, ("argilla",))
    (old,) = store.outbox.due(later(), 10, "argilla")
    store.comparisons.rank(comparison.id, Ranking((("c2",), ("c1",))), ["argilla"])
    store.outbox.delivered([old.id])
    (new,) = store.outbox.due(later(), 10, "argilla")
    assert new.id > old.id


def test_the_id_of_a_delivered_row_is_never_given_again(store: Store) -> None:
    comparison = ranked(store, ("argilla",))
    (old,) = store.outbox.due(later(), 10, "argilla")
    store.outbox.delivered([old.id])
    store.comparisons.unrank(comparison.id, ["argilla"])
    store.outbox.delivered([old.id])
    assert store.outbox.counts()["pending"] == 1


def test_withdrawing_a_verdict_is_announced_too(store: Store) -> None:
    comparison = ranked(store, ("argilla",))
    store.outbox.delivered([store.outbox.due(later(), 1, "argilla")[0].id])
    store.comparisons.unrank(comparison.id, ["argilla"])
    assert [item.comparison_id for item in store.outbox.due(later(), 10, "argilla")] == [comparison.id]


def test_replies_that_are_written_and_imports_are_announced_and_a_skip_too(store: Store) -> None:
    asked = replace(shown(), status=ComparisonStatus.generating, candidates=shown().candidates)
    store.comparisons.add(asked)
    assert store.outbox.counts()["pending"] == 0
    store.comparisons.fill(asked.id, asked.candidates, ["argilla"])
    assert store.outbox.counts()["pending"] == 1
    store.outbox.delivered([item.id for item in store.outbox.due(later(), 1, "argilla")])
    store.comparisons.skip(asked.id, ["argilla"])
    store.comparisons.add_all([shown(), shown()], ["argilla"])
    assert store.outbox.counts()["pending"] == 3


def test_rows_carry_no_text_of_the_comparison(store: Store) -> None:
    columns = {column["name"] for column in inspect(store.database.engine).get_columns("outbox")}
    assert columns == {"id", "desk", "comparison_id", "refused", "attempts", "reason", "due_at"}
