"""One desk and our store, brought in step whatever happens on either side."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback_app.desks.base import OWNER, DeskProblem, DeskRefused, DeskUnavailable, DeskVerdict
from feedback_app.desks.records import desk_record, digest, owner_verdict, ranking_of
from feedback_app.domain.comparison import Comparison, ComparisonStatus, InvalidRanking, Ranking
from feedback_app.services.desks import Desks
from feedback_app.services.settle import settle
from feedback_app.services.sync import DeskSync, wait_after
from feedback_app.store import Agreed, Store, migrate, open_store
from feedback_app.store.desks import DeskStates
from feedback_app.store.outbox import Outbox
from tests.fakes import RecordingDesk
from tests.unit.workers.examples import ranked

NOW = datetime(2026, 11, 21, tzinfo=UTC)
A_FIRST, B_FIRST, TIE = ((1,), (2,)), ((2,), (1,)), ((1, 2),)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path_factory.mktemp('sync') / 'codelynn.db'}"
    migrate(url)
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def desk(request: pytest.FixtureRequest) -> RecordingDesk:
    """Each test has a desk of its own name: the store is shared."""
    return RecordingDesk(name=f"{request.node.name[:30]} {uuid4()}")


def opened(store: Store, desk: RecordingDesk, prompt: str) -> Comparison:
    """A comparison that waits for a verdict, and of which the desk will hear."""
    made = replace(
        ranked(f"{desk.name} {prompt}"),
        ranking=None,
        status=ComparisonStatus.open,
        created_at=datetime.now(UTC),
    )
    store.comparisons.add_all([made], [desk.name])
    return made


def vote(store: Store, desk: RecordingDesk, comparison: Comparison, *first: str) -> Comparison:
    groups = tuple((name,) for name in (first or ("c1", "c2")))
    return store.comparisons.rank(comparison.id, Ranking(groups), [desk.name])


def said(comparison: Comparison, annotator: str, order: tuple[tuple[int, ...], ...] = B_FIRST) -> DeskVerdict:
    at = datetime.now(UTC)
    return DeskVerdict(comparison.id, annotator, "submitted", order, note="from the desk", at=at)


def test_what_waits_for_a_verdict_and_what_has_one_both_arrive(store: Store, desk: RecordingDesk) -> None:
    pending, judged = opened(store, desk, "one"), vote(store, desk, opened(store, desk, "two"))
    DeskSync(store, desk).run()
    assert desk.records[pending.id].ranking is None
    assert desk.records[judged.id].ranking == (("c1",), ("c2",))
    assert store.outbox.counts(desk.name) == {"pending": 0, "refused": 0}


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
    (found,) = [c for c in store.comparisons.judged() if c.id == comparison.id]
    assert [(r.annotator, r.groups) for r in found.others] == [("anna", (("c2",), ("c1",)))]
    assert (found.ranking, found.status) == (None, ComparisonStatus.open)
    assert found.verdicts == found.others
    desk.unsay(comparison.id, "anna")
    sync.pull(at_once=True)
    assert comparison.id not in [c.id for c in store.comparisons.judged()]


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
    (found,) = [c for c in store.comparisons.judged() if c.id == comparison.id]
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


def test_a_discard_is_a_skip_on_both_sides(store: Store, desk: RecordingDesk) -> None:
    here, there = opened(store, desk, "here"), vote(store, desk, opened(store, desk, "there"))
    sync = DeskSync(store, desk)
    store.comparisons.skip(here.id, [desk.name])
    sync.run()
    assert desk.verdicts[here.id, OWNER].state == "discarded"
    desk.say(DeskVerdict(there.id, OWNER, "discarded", at=datetime.now(UTC)))
    sync.pull(at_once=True)
    found = store.comparisons.get(there.id)
    assert (found.status, found.ranking) == (ComparisonStatus.skipped, None)


def test_of_two_changes_the_later_stands_on_both_sides(store: Store, desk: RecordingDesk) -> None:
    older, newer = (vote(store, desk, opened(store, desk, name)) for name in ("older", "newer"))
    sync = DeskSync(store, desk)
    sync.run()
    past, future = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)
    for comparison, at in ((older, past), (newer, future)):
        vote(store, desk, comparison, "c2", "c1")
        desk.say(replace(said(comparison, OWNER, TIE), at=at))
    sync.pull(at_once=True)
    sync.push()
    here = [store.comparisons.get(c.id).ranking for c in (older, newer)]
    assert [ranking.groups for ranking in here if ranking] == [(("c2",), ("c1",)), (("c1", "c2"),)]
    assert [desk.verdicts[c.id, OWNER].order for c in (older, newer)] == [B_FIRST, TIE]


def test_what_cannot_be_used_is_told_and_changes_nothing(store: Store, desk: RecordingDesk) -> None:
    comparison, other = vote(store, desk, opened(store, desk, "one")), opened(store, desk, "two")
    sync = DeskSync(store, desk)
    sync.run()
    desk.say(said(comparison, OWNER, ((3,), (1,))))
    desk.say(said(other, "anna", ((1,),)))
    desk.problems.append(DeskProblem(other.id, "bert", "its ranking is not complete"))
    sync.pull(at_once=True)
    (status,) = Desks(store, (desk.name,)).status()
    assert len(status.problems) == 3
    assert "not complete" in status.problems[0]
    assert store.comparisons.get(comparison.id).ranking is not None
    assert not [c for c in store.comparisons.judged() if c.id == other.id]


def test_a_vote_given_while_the_desks_is_taken_is_not_overwritten(store: Store, desk: RecordingDesk) -> None:
    seen = opened(store, desk, "busy")
    vote(store, desk, seen)
    stored = store.comparisons.rank(seen.id, Ranking((("c2",), ("c1",)), source="desk"), (), was=seen)
    assert stored.ranking is not None
    assert stored.ranking.groups == (("c1",), ("c2",))


STEPS = ("vote", "revote", "undo", "skip", "say", "say tie", "discard", "unsay", "anna", "lost", "sync")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), max_size=12))
def test_whatever_happens_on_either_side_both_agree_in_the_end(store: Store, steps: list[str]) -> None:
    desk = RecordingDesk(name=f"any {uuid4()}")
    comparison = opened(store, desk, "x")
    sync = DeskSync(store, desk)
    sync.run()
    for step in steps:
        _do(step, store, desk, comparison, sync)
    for _ in range(2):
        sync.pull(at_once=True)
        sync.push()
    here = owner_verdict(store.comparisons.get(comparison.id))
    assert digest(here) == digest(desk.verdicts.get((comparison.id, OWNER)))
    assert store.outbox.counts(desk.name) == {"pending": 0, "refused": 0}
    assert sync.pull(at_once=True) == 0


def _do(step: str, store: Store, desk: RecordingDesk, comparison: Comparison, sync: DeskSync) -> None:
    owners = (comparison.id, OWNER)
    discard = DeskVerdict(comparison.id, OWNER, "discarded", at=datetime.now(UTC))
    acts: dict[str, Callable[[], object]] = {
        "vote": lambda: vote(store, desk, comparison),
        "revote": lambda: vote(store, desk, comparison, "c2", "c1"),
        "undo": lambda: store.comparisons.unrank(comparison.id, [desk.name]),
        "skip": lambda: (
            store.comparisons.unrank(comparison.id, [desk.name]),
            store.comparisons.skip(comparison.id, [desk.name]),
        ),
        "say": lambda: desk.say(said(comparison, OWNER)),
        "say tie": lambda: desk.say(said(comparison, OWNER, TIE)),
        "discard": lambda: desk.say(discard),
        "unsay": lambda: desk.unsay(*owners) if owners in desk.verdicts else None,
        "anna": lambda: desk.say(said(comparison, "anna")),
        "lost": lambda: store.desks.forget(desk.name, [owners]),
        "sync": lambda: (sync.pull(at_once=True), sync.push()),
    }
    acts[step]()


@given(st.sampled_from([None, A_FIRST, B_FIRST]), st.sampled_from([None, A_FIRST, B_FIRST]))
def test_a_side_that_did_not_change_gives_way(ours: object, theirs: object) -> None:
    was = DeskVerdict("k", OWNER, "submitted", TIE, at=NOW)
    agreed = Agreed(digest(was), digest(was))
    mine = None if ours is None else replace(was, order=ours)  # type: ignore[arg-type]
    desks = None if theirs is None else replace(was, order=theirs)  # type: ignore[arg-type]
    assert settle(mine, was, agreed) == "nothing"
    assert settle(was, desks, agreed) == "take"


def test_a_verdict_that_names_a_reply_too_many_is_no_ranking() -> None:
    with pytest.raises(InvalidRanking, match="does not have"):
        ranking_of(DeskVerdict("k", "anna", "submitted", ((1,), (2,), (3,))), ranked("Hello"), "argilla")


def test_the_record_is_what_was_shown_with_the_verdict_of_now() -> None:
    made = desk_record(ranked("Hello", (("c2",), ("c1", "c3")), note="warm", aspects=("warm",)))
    assert [candidate[0] for candidate in made.candidates] == ["c1", "c2", "c3"]
    assert made.ranking == (("c2",), ("c1", "c3"))
    assert (made.note, made.aspects, made.annotator) == ("warm", ("warm",), "owner")


def test_waiting_doubles_up_to_a_minute() -> None:
    waits = [wait_after(attempts) for attempts in range(100)]
    assert waits[:6] == [2, 4, 8, 16, 32, 60]
    assert max(waits) == 60
