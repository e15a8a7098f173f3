"""Both sides changed: the rule that brings them in step, whatever happens on either."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feedback_app.desks.base import OWNER, DeskProblem, DeskRanking
from feedback_app.desks.records import desk_record, digest, owner_ranking, ranking_of
from feedback_app.domain.comparison import Comparison, ComparisonStatus, InvalidRanking, Ranking
from feedback_app.services.annotation.conflict_resolution import resolve_conflict
from feedback_app.services.annotation.desks import Desks
from feedback_app.services.annotation.sync import DeskSync, wait_after
from feedback_app.store import Agreed, Store
from tests.fakes import RecordingDesk
from tests.unit.services.annotation.sync.examples import A_FIRST, B_FIRST, TIE, opened, said, vote
from tests.unit.workers.examples import ranked

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_a_discard_is_a_skip_on_both_sides(store: Store, desk: RecordingDesk) -> None:
    here, there = opened(store, desk, "here"), vote(store, desk, opened(store, desk, "there"))
    sync = DeskSync(store, desk)
    store.comparisons.skip(here.id, [desk.name])
    sync.run()
    assert desk.verdicts[here.id, OWNER].state == "discarded"
    desk.say(DeskRanking(there.id, OWNER, "discarded", at=datetime.now(UTC)))
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
    assert not [c for c in store.comparisons.with_rankings() if c.id == other.id]


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
    here = owner_ranking(store.comparisons.get(comparison.id))
    assert digest(here) == digest(desk.verdicts.get((comparison.id, OWNER)))
    assert store.outbox.counts(desk.name) == {"pending": 0, "refused": 0}
    assert sync.pull(at_once=True) == 0


def _do(step: str, store: Store, desk: RecordingDesk, comparison: Comparison, sync: DeskSync) -> None:
    owners = (comparison.id, OWNER)
    discard = DeskRanking(comparison.id, OWNER, "discarded", at=datetime.now(UTC))
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
    was = DeskRanking("k", OWNER, "submitted", TIE, at=NOW)
    agreed = Agreed(digest(was), digest(was))
    mine = None if ours is None else replace(was, order=ours)  # type: ignore[arg-type]
    desks = None if theirs is None else replace(was, order=theirs)  # type: ignore[arg-type]
    assert resolve_conflict(mine, was, agreed) == "nothing"
    assert resolve_conflict(was, desks, agreed) == "take"


def test_a_verdict_that_names_a_reply_too_many_is_no_ranking() -> None:
    with pytest.raises(InvalidRanking, match="does not have"):
        ranking_of(DeskRanking("k", "anna", "submitted", ((1,), (2,), (3,))), ranked("Hello"), "argilla")


def test_the_record_is_what_was_shown_with_the_verdict_of_now() -> None:
    made = desk_record(ranked("Hello", (("c2",), ("c1", "c3")), note="warm", aspects=("warm",)))
    assert [candidate[0] for candidate in made.candidates] == ["c1", "c2", "c3"]
    assert made.ranking == (("c2",), ("c1", "c3"))
    assert (made.note, made.aspects, made.annotator) == ("warm", ("warm",), "owner")


def test_waiting_doubles_up_to_a_minute() -> None:
    waits = [wait_after(attempts) for attempts in range(100)]
    assert waits[:6] == [2, 4, 8, 16, 32, 60]
    assert max(waits) == 60
