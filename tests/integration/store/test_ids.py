"""Ids by their beginning."""

from dataclasses import replace

import pytest

from feedback_app.domain.conversation import Conversation
from feedback_app.domain.round import Checkpoint, Round
from feedback_app.store import AmbiguousId, CheckpointNotFound, ComparisonNotFound, RoundNotFound, Store
from tests.integration.store.examples import asked


def test_a_beginning_that_only_one_has_is_enough_and_a_whole_id_stays(store: Store) -> None:
    store.rounds.add(Round(id="abc1-one"))
    store.rounds.add(Round(id="abd2-two"))
    assert store.ids.round("abc") == "abc1-one"
    assert store.ids.round("abc1-one") == "abc1-one"
    store.conversations.add(Conversation(id="c0ffee-1", model="base", persona="lynn"))
    assert store.ids.conversation("c0") == "c0ffee-1"


def test_several_that_begin_alike_are_named_and_one_that_is_whole_is_not_ambiguous(store: Store) -> None:
    for name in ("abc", "abc1", "abc2"):
        store.rounds.add(Round(id=name))
    with pytest.raises(
        AmbiguousId, match="several round ids begin with ab: abc, abc1, abc2; give more characters"
    ):
        store.ids.round("ab")
    assert store.ids.round("abc") == "abc"


def test_of_many_that_begin_alike_five_are_named(store: Store) -> None:
    for i in range(7):
        store.rounds.add(Round(id=f"same-{i}"))
    with pytest.raises(AmbiguousId, match=r"same-0, same-1, same-2, same-3, same-4, …; give"):
        store.ids.round("same")


@pytest.mark.parametrize("given", ["", "nothing", "%", "_bc", "a%"])
def test_what_none_begins_with_is_not_found_and_patterns_are_plain_text(store: Store, given: str) -> None:
    store.rounds.add(Round(id="abc"))
    with pytest.raises(RoundNotFound, match="there is no round"):
        store.ids.round(given)
    with pytest.raises(ComparisonNotFound):
        store.ids.comparison(given)


def test_comparisons_and_versions_are_found_and_aliases_stay(store: Store) -> None:
    store.comparisons.add(replace(asked(), id="1234-5678"))
    assert store.ids.comparison("1234") == "1234-5678"
    store.checkpoints.add(Checkpoint(name="dpo-20261128-abcd", path="/nowhere"))
    assert store.ids.version("dpo-2026") == "dpo-20261128-abcd"
    assert store.ids.version("latest") == "latest"
    with pytest.raises(CheckpointNotFound):
        store.ids.version("kto")


def test_unfinished_rounds_are_those_that_run_then_those_that_wait(store: Store) -> None:
    first, second, third = (Round(id=name) for name in ("a", "b", "c"))
    for one in (first, second, third):
        store.rounds.add(one)
    store.rounds.claim("c", "worker")
    assert [one.id for one in store.rounds.unfinished()] == ["c", "a", "b"]
    store.rounds.request_cancel("a")
    assert [one.id for one in store.rounds.unfinished()] == ["c", "b"]
