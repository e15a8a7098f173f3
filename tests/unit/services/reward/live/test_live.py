"""The live reward model beside a real store: what it learns, what it guesses, and that nothing waits for it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import structlog
from structlog.testing import capture_logs

from feedback_app.domain.comparison import Comparison, Ranking
from feedback_app.services.reward.live_learner import Learner
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.store import Store
from tests.fakes import LongerIsBetter
from tests.unit.services.reward.live.examples import ALL_BAD, LONG, LONGER_WON, SHORT, SHORTER_WON, opened
from tests.waiting import until

FAST = 0.005


@pytest.fixture
def model() -> LongerIsBetter:
    return LongerIsBetter()


@pytest.fixture
def live(store: Store, model: LongerIsBetter) -> Iterator[LiveRewardService]:
    """Already running, and never looking by itself again in the time of a test."""
    made = LiveRewardService(store, lambda: model, poll_seconds=3600)
    made.start()
    until(lambda: made.state().ready, every=FAST)
    yield made
    made.close()


def shown(store: Store, live: LiveRewardService, number: int) -> Comparison:
    store.comparisons.add(comparison := opened(number))
    live.replies_written(comparison)
    return comparison


def learned(model: LongerIsBetter, votes: int) -> Callable[[], bool]:
    return lambda: model.votes == votes


def test_a_guess_is_stored_before_the_verdict_and_marked_after_it(
    store: Store, live: LiveRewardService, model: LongerIsBetter
) -> None:
    first = shown(store, live, 1)
    store.comparisons.rank(first.id, LONGER_WON, [])
    live.ranking_changed(first.id)
    until(learned(model, 1), every=FAST)
    second = shown(store, live, 2)
    until(lambda: store.guesses.get(second.id), every=FAST)
    assert live.guess(second) is None, "before the verdict nothing is told"
    ranked = store.comparisons.rank(second.id, LONGER_WON, [])
    live.ranking_changed(second.id)
    until(lambda: store.guesses.get(second.id).correct == 1, every=FAST)
    guess = live.guess(ranked)
    assert guess is not None
    assert guess.votes == 1
    assert guess.chosen_probability == guess.probabilities[0] > 0.5


def test_without_anything_learned_there_is_no_guess(
    store: Store, live: LiveRewardService, model: LongerIsBetter
) -> None:
    comparison = shown(store, live, 1)
    until(lambda: LONG in model.read_texts, every=FAST)
    store.comparisons.rank(comparison.id, LONGER_WON, [])
    live.ranking_changed(comparison.id)
    until(learned(model, 1), every=FAST)
    assert live.guess(store.comparisons.get(comparison.id)) is None


def test_what_waits_on_the_page_is_guessed_anew_after_each_verdict(
    store: Store, live: LiveRewardService, model: LongerIsBetter
) -> None:
    now, ahead = shown(store, live, 1), shown(store, live, 2)
    store.comparisons.rank(now.id, LONGER_WON, [])
    live.ranking_changed(now.id)
    until(lambda: store.guesses.get(ahead.id), every=FAST)


def test_a_verdict_taken_back_is_forgotten_and_another_one_replaces_it(
    store: Store, live: LiveRewardService, model: LongerIsBetter
) -> None:
    comparison = shown(store, live, 1)
    for ranking, said in ((LONGER_WON, (1, 0)), (SHORTER_WON, (0, 1))):
        store.comparisons.rank(comparison.id, ranking, [])
        live.ranking_changed(comparison.id)
        until(lambda said=said: model.verdicts.get(comparison.id) == said, every=FAST)
    store.comparisons.unrank(comparison.id, [])
    live.ranking_changed(comparison.id)
    until(learned(model, 0), every=FAST)


def test_all_bad_teaches_nothing(store: Store, live: LiveRewardService, model: LongerIsBetter) -> None:
    comparison = shown(store, live, 1)
    for ranking, votes in ((LONGER_WON, 1), (ALL_BAD, 0)):
        store.comparisons.rank(comparison.id, ranking, [])
        live.ranking_changed(comparison.id)
        until(learned(model, votes), every=FAST)


def test_at_its_start_it_learns_all_that_was_ever_judged_oldest_first(store: Store) -> None:
    model = LongerIsBetter()
    made = [opened(number) for number in (3, 1, 2)]
    for comparison in made:
        store.comparisons.add(comparison)
        store.comparisons.rank(comparison.id, now(LONGER_WON), [])
    store.comparisons.add(waiting := opened(4))
    live = LiveRewardService(store, lambda: model)
    live.start()
    until(lambda: store.guesses.get(waiting.id), every=FAST)
    assert list(model.verdicts) == [comparison.id for comparison in made]
    state = live.state()
    assert (state.votes, state.waiting, state.failed) == (3, 0, 0)
    live.close()


def test_it_holds_the_newest_rankings_alone_the_owners_before_imported_ones(store: Store) -> None:
    model = LongerIsBetter()
    imported = [opened(number) for number in range(3)]
    for comparison in imported:
        store.comparisons.add(comparison)
        store.comparisons.rank(comparison.id, replace(LONGER_WON, annotator="", source="import:trl"), [])
    learner = Learner(store, model, newest=2)
    voted = []
    for number in range(3):
        learn_everything(learner)
        store.comparisons.add(own := opened(10 + number))
        store.comparisons.rank(own.id, now(LONGER_WON), [])
        voted.append(own.id)
    learn_everything(learner)
    assert list(model.verdicts) == voted[1:]


def now(ranking: Ranking) -> Ranking:
    return replace(ranking, created_at=datetime.now(UTC))


def learn_everything(learner: Learner) -> None:
    for known in learner.read(learner.behind()):
        learner.settle(known)
    assert learner.behind() == []


def test_verdicts_that_come_from_elsewhere_are_found(store: Store) -> None:
    model = LongerIsBetter()
    live = LiveRewardService(store, lambda: model, poll_seconds=FAST)
    live.start()
    until(lambda: live.state().ready, every=FAST)
    store.comparisons.add(comparison := opened(1))
    store.comparisons.rank(comparison.id, LONGER_WON, [])
    until(learned(model, 1), every=FAST)
    store.comparisons.unrank(comparison.id, [])
    until(learned(model, 0), every=FAST)
    live.close()


def test_an_error_of_the_model_is_logged_without_text_and_does_not_end_it(
    store: Store, live: LiveRewardService, model: LongerIsBetter
) -> None:
    structlog.reset_defaults()
    comparison = shown(store, live, 1)
    until(lambda: LONG in model.read_texts, every=FAST)
    model.broken = True
    with capture_logs() as logs:
        store.comparisons.rank(comparison.id, LONGER_WON, [])
        live.ranking_changed(comparison.id)
        until(lambda: live.state().failed == 1, every=FAST)
    assert logs[0]["error"] == "RuntimeError"
    assert LONG not in str(logs)
    assert SHORT not in str(logs)
    model.broken = False
    store.comparisons.rank(comparison.id, SHORTER_WON, [])
    live.ranking_changed(comparison.id)
    until(learned(model, 1), every=FAST)


def test_a_model_that_cannot_be_loaded_is_told_and_nothing_else_suffers(store: Store) -> None:
    def absent() -> LongerIsBetter:
        raise OSError("no such model")

    live = LiveRewardService(store, absent)
    live.start()
    until(lambda: live.state().failed, every=FAST)
    live.ranking_changed("any")
    live.replies_written(opened(1))
    assert live.informative_pair(opened(1), [(0, 1)]) is None
    live.close()


def test_replies_are_scored_by_what_was_learned_and_before_that_nothing_is_known(
    store: Store, live: LiveRewardService
) -> None:
    comparison = shown(store, live, 1)
    assert live.score((), ()) is None
    assert live.score(comparison.messages, (LONG, SHORT)) is None
    store.comparisons.rank(comparison.id, LONGER_WON, [])
    live.ranking_changed(comparison.id)
    assert live.score((), ()) == []
    rewards = live.score(comparison.messages, (SHORT, LONG))
    assert rewards is not None
    assert rewards[0] < rewards[1]


def test_a_service_that_starts_scores_only_once_it_has_learned_its_verdicts(store: Store) -> None:
    for number in range(30):
        store.comparisons.add(comparison := opened(number))
        store.comparisons.rank(comparison.id, LONGER_WON, [])
    live = LiveRewardService(store, LongerIsBetter)
    live.start()
    until(lambda: live.state().ready, every=FAST)
    assert live.score((), ()) == []
    assert live.state().waiting == 0
    live.close()


def test_without_a_model_nothing_happens(store: Store) -> None:
    live = LiveRewardService(store)
    live.start()
    live.ranking_changed("any")
    live.replies_written(opened(1))
    assert (live.state().on, live.informative_pair(opened(1), [(0, 1)])) == (False, None)
    live.close()


def test_the_time_from_verdict_to_learned_is_kept(
    store: Store, live: LiveRewardService, model: LongerIsBetter
) -> None:
    for number in range(20):
        comparison = shown(store, live, number)
        store.comparisons.rank(comparison.id, LONGER_WON, [])
        live.ranking_changed(comparison.id)
    until(lambda: len(live.updates) == 20, every=FAST)
    assert sorted(live.updates)[10] < 5, "what the model takes is measured in benchmarks"


def test_closing_ends_the_thread_at_once(store: Store, model: LongerIsBetter) -> None:
    live = LiveRewardService(store, lambda: model, poll_seconds=3600)
    live.start()
    until(lambda: live.state().ready, every=FAST)
    live.close()
    live.ranking_changed("any")
    assert live.updates.maxlen is not None
    assert not live._thread.is_alive()
