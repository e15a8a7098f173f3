"""One desk and our store: what is sent, what is heard, and a desk that does not answer."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedback_app.desks.base import OWNER, DeskRefused, DeskUnavailable
from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.domain.guess import Guess
from feedback_app.services.annotation.desks import Desks
from feedback_app.services.annotation.sync import DeskSync
from feedback_app.store import Store
from feedback_app.store.comparisons import Comparisons
from feedback_app.store.desks import DeskStates
from feedback_app.store.outbox import Outbox
from tests.fakes import RecordingDesk
from tests.unit.services.annotation.sync.examples import TIE, opened, said, vote

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_what_waits_for_a_verdict_and_what_has_one_both_arrive(store: Store, desk: RecordingDesk) -> None:
    pending, judged = opened(store, desk, "one"), vote(store, desk, opened(store, desk, "two"))
    DeskSync(store, desk).run()
    assert desk.records[pending.id].ranking is None
    assert desk.records[judged.id].ranking == (("c1",), ("c2",))
    assert store.outbox.counts(desk.name) == {"pending": 0, "refused": 0}


def test_what_is_expected_is_suggested_until_there_is_a_verdict(store: Store, desk: RecordingDesk) -> None:
    pending, judged = opened(store, desk, "guessed"), opened(store, desk, "known")
    for comparison in (pending, judged):
        chances = [0.75] + [0.25 / (len(comparison.candidates) - 1)] * (len(comparison.candidates) - 1)
        store.guesses.put(Guess(comparison.id, tuple(chances), 12))
    vote(store, desk, judged)
    DeskSync(store, desk).run()
    suggested = desk.records[pending.id]
    assert suggested.scorer == "live-reward-model"
    assert round(math.exp(suggested.scores[0]), 6) == 0.75
    assert (desk.records[judged.id].scores, desk.records[judged.id].scorer) == ((), "")


def test_the_newest_arrives_first_and_a_second_run_sends_nothing(store: Store, desk: RecordingDesk) -> None:
    for number in range(150):
        opened(store, desk, str(number))
    newest = opened(store, desk, "newest")
    DeskSync(store, desk).push(budget=0)
    assert newest.id in desk.records
    assert len(desk.records) == 100
    DeskSync(store, desk).run()
    assert len(desk.records) == 151
    calls = desk.calls
    DeskSync(store, desk).run()
    assert desk.calls == calls + 1  # a look whether anything has changed


@pytest.mark.parametrize("step", ["agree", "delivered"])
def test_dying_between_the_desk_and_our_note_of_it_sends_it_again_and_changes_nothing(
    store: Store, desk: RecordingDesk, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = vote(store, desk, opened(store, desk, "once"))

    def died(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(DeskStates if step == "agree" else Outbox, step, died)
        with pytest.raises(KeyboardInterrupt):
            DeskSync(store, desk).push()
    assert store.outbox.counts(desk.name)["pending"] == 1
    sync = DeskSync(store, desk)
    assert sync.pull(at_once=True) == 0
    assert sync.push() == 1
    assert store.outbox.counts(desk.name)["pending"] == 0
    assert sync.pull(at_once=True) == 0
    found = store.comparisons.get(comparison.id).ranking
    assert found is not None
    assert found.groups == (("c1",), ("c2",))


def test_a_desk_that_is_away_is_asked_once_and_told_everything_later(
    store: Store, desk: RecordingDesk
) -> None:
    away = RecordingDesk(DeskUnavailable("no answer"), name=desk.name)
    opened(store, desk, "kept")
    DeskSync(store, away).run()
    DeskSync(store, away).run()
    state = store.desks.state(desk.name)
    assert (away.calls, state.state, state.reason, state.failures) == (1, "away", "no answer", 1)
    (status,) = Desks(store, (desk.name,)).status()
    assert (status.mood, status.left) == ("away", 1)
    store.desks.set_state(desk.name, try_after=NOW)
    DeskSync(store, away).run()
    (status,) = Desks(store, (desk.name,)).status()
    assert (status.mood, status.left) == ("connected", 0)


def test_a_wrong_key_is_told_and_loses_nothing(store: Store, desk: RecordingDesk) -> None:
    wrong = RecordingDesk(DeskRefused("check the key"), name=desk.name)
    opened(store, desk, "kept")
    DeskSync(store, wrong).run()
    (status,) = Desks(store, (desk.name,)).status()
    assert (status.mood, status.reason, status.left) == ("refused", "check the key", 1)


def test_a_refused_record_is_set_aside_and_the_rest_goes_on(store: Store, desk: RecordingDesk) -> None:
    bad, good = opened(store, desk, "bad"), opened(store, desk, "good")
    desk.refuses[bad.id] = "does not fit"
    DeskSync(store, desk).run()
    assert good.id in desk.records
    assert store.outbox.counts(desk.name) == {"pending": 0, "refused": 1}
    desk.refuses.clear()
    Desks(store, (desk.name,)).resend(desk.name)
    DeskSync(store, desk).run()
    assert bad.id in desk.records
    assert store.outbox.counts(desk.name) == {"pending": 0, "refused": 0}


def test_the_owners_ranking_at_the_desk_is_the_ranking_here(store: Store, desk: RecordingDesk) -> None:
    comparison = opened(store, desk, "mine")
    sync = DeskSync(store, desk, others=("elsewhere",))
    sync.run()
    desk.say(said(comparison, OWNER))
    assert sync.pull(at_once=True) == 1
    found = store.comparisons.get(comparison.id)
    assert found.ranking is not None
    assert (found.ranking.groups, found.ranking.note) == ((("c2",), ("c1",)), "from the desk")
    assert (found.ranking.annotator, found.ranking.source) == ("owner", desk.name)
    assert store.outbox.counts(desk.name)["pending"] == 0
    assert store.outbox.counts("elsewhere")["pending"] == 1
    assert sync.pull(at_once=True) == 0


def test_another_annotators_ranking_is_kept_beside_and_counts_where_the_owner_said_nothing(
    store: Store, desk: RecordingDesk
) -> None:
    comparison = opened(store, desk, "hers")
    sync = DeskSync(store, desk)
    sync.run()
    desk.say(said(comparison, "anna", TIE))
    desk.say(said(comparison, "anna"))
    desk.say(replace(said(comparison, "bert"), state="draft", order=()))
    sync.pull(at_once=True)
    (found,) = [c for c in store.comparisons.with_rankings() if c.id == comparison.id]
    assert [(r.annotator, r.groups) for r in found.others] == [("anna", (("c2",), ("c1",)))]
    assert (found.ranking, found.status) == (None, ComparisonStatus.open)
    assert found.counted_rankings == found.others
    desk.unsay(comparison.id, "anna")
    sync.pull(at_once=True)
    assert comparison.id not in [c.id for c in store.comparisons.with_rankings()]


def test_an_answer_that_the_desk_does_not_tell_of_is_found_in_the_end(
    store: Store, desk: RecordingDesk
) -> None:
    comparison = opened(store, desk, "quiet")
    sync = DeskSync(store, desk)
    sync.pull(at_once=True)
    sync.push()
    desk.verdicts[comparison.id, "anna"] = said(comparison, "anna")  # its mark stays
    store.desks.set_state(desk.name, pull_after=datetime.now(UTC))
    assert sync.pull() == 0
    store.desks.set_state(desk.name, pull_after=datetime.now(UTC) - timedelta(minutes=11))
    assert sync.pull() == 1
    desk.verdicts[comparison.id, "anna"] = said(comparison, "anna", TIE)
    Desks(store, (desk.name,)).resend(desk.name)
    store.desks.set_state(desk.name, pull_after=datetime.now(UTC))
    assert sync.pull() == 1


def test_a_ranking_taken_back_at_the_desk_is_taken_back_here(store: Store, desk: RecordingDesk) -> None:
    comparison = vote(store, desk, opened(store, desk, "once"))
    sync = DeskSync(store, desk)
    sync.run()
    desk.unsay(comparison.id, OWNER)
    sync.pull(at_once=True)
    assert store.comparisons.get(comparison.id).status is ComparisonStatus.open


def test_an_annotator_whose_login_ended_took_nothing_back(store: Store, desk: RecordingDesk) -> None:
    comparison = opened(store, desk, "hers")
    sync = DeskSync(store, desk)
    sync.run()
    desk.say(said(comparison, "anna"))
    sync.pull(at_once=True)
    desk.unsay(comparison.id, "anna")
    desk.annotators = frozenset({OWNER})
    assert sync.pull(at_once=True) == 0
    (found,) = [c for c in store.comparisons.with_rankings() if c.id == comparison.id]
    assert [ranking.annotator for ranking in found.others] == ["anna"]


def test_a_record_or_dataset_that_is_gone_from_the_desk_takes_no_ranking_with_it(
    store: Store, desk: RecordingDesk
) -> None:
    comparison = vote(store, desk, opened(store, desk, "kept"))
    sync = DeskSync(store, desk)
    sync.run()
    desk.unsay(comparison.id, OWNER)
    desk.records.clear()
    sync.pull(at_once=True)
    assert store.comparisons.get(comparison.id).ranking is not None


def test_records_that_were_never_ours_are_looked_up_many_at_a_time(
    store: Store, desk: RecordingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = vote(store, desk, opened(store, desk, "ours"))
    DeskSync(store, desk).push()
    for number in range(1200):
        desk.say(said(replace(ours, id=f"foreign-{number}"), "anna"))
    desk.say(said(ours, "anna"))
    looked_up: list[str] = []
    find = Comparisons.get

    def noted(comparisons: Comparisons, comparison_id: str) -> Comparison:
        looked_up.append(comparison_id)
        return find(comparisons, comparison_id)

    monkeypatch.setattr(Comparisons, "get", noted)
    assert DeskSync(store, desk).pull(at_once=True) == 1
    assert set(looked_up) == {ours.id}
