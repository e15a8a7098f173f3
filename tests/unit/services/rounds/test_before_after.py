"""Replies before and after a round, on a real SQLite store with an engine that gives set replies."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedback_app.domain.comparison import Comparison, Sampling
from feedback_app.domain.preference import split_of
from feedback_app.domain.round import Checkpoint, Round, RoundState
from feedback_app.services.generation.background import Generations
from feedback_app.services.rounds.before_after import BeforeAfter, NothingToCompare, chosen, version_before
from feedback_app.store import Store
from feedback_app.ui.rounds.before_after import before_after
from tests.fakes import ScriptedEngine
from tests.unit.workers.examples import ranked
from tests.waiting import until

FRACTION = 0.3
ROUND = Round(id="r1", state=RoundState.promoted, checkpoint="dpo-2")


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine({"dpo-1": ("Old words.",), "dpo-2": ("New <b>words</b>.",)})


@pytest.fixture
def generations(engine: ScriptedEngine) -> Iterator[Generations]:
    made = Generations(engine)
    yield made
    made.close()


@pytest.fixture
def service(store: Store, generations: Generations) -> BeforeAfter:
    for number in (1, 2):
        made = Checkpoint(f"dpo-{number}", "", passed=True, created_at=datetime(2026, 1, number, tzinfo=UTC))
        store.checkpoints.add(made)
    store.rounds.add(ROUND)
    return BeforeAfter(store, generations, Sampling, FRACTION)


def rank(store: Store, count: int) -> list[Comparison]:
    made = [ranked(f"question {number}") for number in range(count)]
    store.comparisons.add_all(made)
    return made


def test_the_same_prompts_are_answered_by_the_version_before_and_by_the_new_one(
    service: BeforeAfter, store: Store, engine: ScriptedEngine
) -> None:
    rank(store, 12)
    assert service.start("r1").state == "running"
    until(lambda: (found := service.of("r1")) is not None and found.state == "done")
    view = service.of("r1")
    assert view is not None
    assert (view.before, view.after, view.written) == ("dpo-1", "dpo-2", 5)
    assert {(shown.before, shown.after) for shown in view.shown} == {("Old words.", "New <b>words</b>.")}
    assert len({request.seed for request in engine.requests}) == 1
    asked = len(engine.requests)
    assert service.start("r1").state == "done"
    assert len(engine.requests) == asked, "what is written is not written again"


def test_held_out_prompts_come_first_and_each_prompt_once(store: Store) -> None:
    made = [ranked(f"question {number}") for number in range(40)]
    shown = chosen([*made, replace(made[0], id="again")], FRACTION)
    assert len(shown) == 5
    assert [one.heldout for one in shown] == [True] * 3 + [False] * 2
    assert all((split_of(one.prompt, FRACTION) == "heldout") == one.heldout for one in shown)
    assert chosen([], FRACTION) == ()


def test_own_prompts_go_before_imported_ones() -> None:
    own = [replace(ranked(f"mine {number}"), source="arena") for number in range(3)]
    imported = [replace(ranked(f"theirs {number}"), source="import:trl") for number in range(30)]
    names = {one.comparison_id for one in chosen([*imported, *own], 0.0)}
    assert {one.id for one in own} < names


def test_it_can_be_cancelled_and_goes_on_later(
    service: BeforeAfter, store: Store, generations: Generations
) -> None:
    rank(store, 12)
    service.start("r1")
    service.cancel("r1")
    until(lambda: (found := service.of("r1")) is not None and found.state in ("stopped", "done"))
    service.start("r1")
    until(lambda: (found := service.of("r1")) is not None and found.state == "done")


def test_an_engine_that_is_away_is_told_and_tried_again(
    service: BeforeAfter, store: Store, engine: ScriptedEngine
) -> None:
    rank(store, 3)
    engine.broken = "the engine is away: start it"
    service.start("r1")
    until(lambda: (found := service.of("r1")) is not None and found.state == "failed")
    failed = service.of("r1")
    assert failed is not None
    assert "The engine is away: start it" in before_after(failed, {})
    engine.broken = ""
    service.start("r1")
    until(lambda: (found := service.of("r1")) is not None and found.state == "done")


def test_without_a_version_or_a_prompt_it_says_what_to_do(service: BeforeAfter, store: Store) -> None:
    with pytest.raises(NothingToCompare, match="rank a few replies"):
        service.start("r1")
    store.rounds.add(Round(id="failed", state=RoundState.failed))
    assert service.of("failed") is None
    with pytest.raises(NothingToCompare, match="made no version"):
        service.start("failed")


def test_a_prompt_that_was_deleted_is_not_shown_any_more(service: BeforeAfter, store: Store) -> None:
    made = rank(store, 2)
    service.start("r1")
    until(lambda: (found := service.of("r1")) is not None and found.state == "done")
    store.curation.delete([made[0].id], ())
    view = service.of("r1")
    assert view is not None
    assert [shown.comparison_id for shown in view.shown] == [made[1].id]


def test_replies_are_shown_as_text_with_who_wrote_them(service: BeforeAfter, store: Store) -> None:
    rank(store, 1)
    service.start("r1")
    until(lambda: (found := service.of("r1")) is not None and found.state == "done")
    view = service.of("r1")
    assert view is not None
    shown = before_after(view, {"dpo-1": 1, "dpo-2": 2})
    assert "Before: version 1" in shown
    assert "After: version 2" in shown
    assert "<b>words</b>" not in shown


def test_the_version_before_is_the_newest_older_one_that_passed() -> None:
    at = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(4)]
    one = Checkpoint("one", "", passed=True, created_at=at[0])
    held = Checkpoint("held", "", passed=False, created_at=at[1])
    two = Checkpoint("two", "", passed=True, created_at=at[2])
    later = Checkpoint("later", "", passed=True, created_at=at[3])
    assert version_before(two, [later, two, held, one]) == "one"
    assert version_before(one, [later, two, held, one]) == "base"
