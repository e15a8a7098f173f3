"""What is ready before anybody asks for it."""

from pathlib import Path

import pytest

from feedback_app.domain.comparison import ComparisonStatus, Message
from feedback_app.domain.round import Checkpoint
from feedback_app.services.arena.prefetch import DEPTH, Prefetch
from feedback_app.services.generation.background import Generations
from feedback_app.services.generation.versions import BaseFiles, Models
from feedback_app.store import Store
from tests.unit.services.reward.live.examples import LONGER_WON, opened
from tests.unit.services.reward.live.test_pair_selection import Bench, bench
from tests.waiting import until

__all__ = ["bench"]


@pytest.fixture
def ahead(bench: Bench) -> Prefetch:
    models = Models(bench.store, lambda: BaseFiles("tiny", Path("base"), None))
    return Prefetch(bench.store, bench.arena, bench.draws(), models, bench.generations)


def fill(ahead: Prefetch, bench: Bench, n: int = 2, shown: tuple[str, ...] = ()) -> None:
    ahead.fill(None, n, shown)
    until(lambda: not bench.generations.busy(), every=0.005)


def test_as_many_as_the_depth_are_kept_ready_and_no_more(ahead: Prefetch, bench: Bench) -> None:
    for _ in range(DEPTH + 3):
        fill(ahead, bench)
    assert len(bench.store.comparisons.waiting("arena", 50)) == DEPTH
    assert len(ahead.ready(None, 2)) == DEPTH


def test_what_is_read_now_is_not_counted_and_not_given_again(ahead: Prefetch, bench: Bench) -> None:
    fill(ahead, bench)
    shown = ahead.ready(None, 2)[0].id
    for _ in range(DEPTH + 1):
        fill(ahead, bench, shown=(shown,))
    ready = ahead.ready(None, 2, (shown,))
    assert len(ready) == DEPTH
    assert shown not in {comparison.id for comparison in ready}


def test_the_queue_is_there_after_a_restart(ahead: Prefetch, bench: Bench, store: Store) -> None:
    fill(ahead, bench)
    models = Models(store, lambda: BaseFiles("tiny", Path("base"), None))
    compare_rankings = Prefetch(store, bench.arena, bench.draws(), models, Generations(bench.engine))
    assert compare_rankings.ready(None, 2) == ahead.ready(None, 2) != []


def test_only_the_topic_and_the_number_that_are_asked_for_are_given(ahead: Prefetch, bench: Bench) -> None:
    fill(ahead, bench)
    assert ahead.ready("talk", 2) != []
    assert ahead.ready("history", 2) == ahead.ready(None, 3) == []


def test_a_new_version_replaces_what_was_prepared_for_older_ones(ahead: Prefetch, bench: Bench) -> None:
    fill(ahead, bench)
    old = ahead.ready(None, 2)[0]
    bench.store.checkpoints.add(Checkpoint("dpo-1", "nowhere", passed=True))
    bench.store.checkpoints.promote("dpo-1", "test")
    assert ahead.ready(None, 2) == []
    fill(ahead, bench)
    fresh = ahead.ready(None, 2)[0]
    assert fresh.messages == old.messages
    assert {candidate.model for candidate in fresh.candidates} == {"base", "dpo-1"}
    assert bench.store.comparisons.get(old.id).status == ComparisonStatus.skipped


def test_a_verdict_on_one_that_was_replaced_meanwhile_is_kept(ahead: Prefetch, bench: Bench) -> None:
    replaced = opened()
    bench.store.comparisons.add(replaced)
    bench.arena.skip(replaced.id)
    assert bench.arena.rank(replaced.id, LONGER_WON).status == ComparisonStatus.ranked


def test_nothing_is_prepared_while_the_engine_writes_for_somebody(ahead: Prefetch, bench: Bench) -> None:
    bench.arena.open([Message("user", "Hello")])
    ahead.fill(None, 2)
    until(lambda: not bench.generations.busy(), every=0.005)
    assert [c.tags for c in bench.store.comparisons.waiting("arena", 50)] == [()]


def test_replies_that_came_out_alike_are_drawn_anew_or_not_shown(bench: Bench) -> None:
    bench.engine.replies["base"] = ["One.", "One.", "Two."]
    shown = bench.arena.open([Message("user", "Hello")])
    until(lambda: bench.arena.get(shown.id).status == ComparisonStatus.open, every=0.005)
    last = bench.arena.get(shown.id)
    assert sorted(candidate.text for candidate in last.candidates) == ["One.", "Two."]
    bench.engine.replies["base"] = ["One."]
    alike = bench.arena.open([Message("user", "Hello again")])
    until(lambda: not bench.generations.busy(), every=0.005)
    assert bench.arena.get(alike.id).status == ComparisonStatus.failed
    problem = bench.arena.problem(alike.id)
    assert problem is not None
    assert (problem.kind, "word for word alike" in problem.text) == ("other", True)


def test_a_conversation_goes_on_with_the_chosen_reply_or_the_rewrite(bench: Bench) -> None:
    before = opened()
    bench.store.comparisons.add(before)
    after = bench.arena.follow(before.id, "c2", "And then?")
    said = [(message.role, message.content) for message in after.messages if message.role != "system"]
    assert said == [("user", "Question 0"), ("assistant", "Short."), ("user", "And then?")]
