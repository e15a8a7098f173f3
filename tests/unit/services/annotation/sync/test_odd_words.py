"""What annotators may write at a desk that no text may be here."""

from dataclasses import replace

from feedback_app.desks.base import OWNER, DeskRanking
from feedback_app.services.annotation.sync import DeskSync
from feedback_app.store import Store
from tests.fakes import RecordingDesk
from tests.unit.services.reward.live.examples import opened


def submitted(comparison_id: str, **changes: object) -> DeskRanking:
    verdict = DeskRanking(comparison_id, OWNER, "submitted", ((1,), (2,)), at=opened().created_at)
    return replace(verdict, **changes)  # type: ignore[arg-type]


def pull(store: Store, desk: RecordingDesk, verdict: DeskRanking) -> None:
    """The desk says so of a comparison, and is pulled."""
    store.comparisons.add(replace(opened(), id=verdict.comparison_id))
    sync = DeskSync(store, desk)
    store.outbox.enqueue([verdict.comparison_id], [desk.name])
    sync.push()
    desk.verdicts[(verdict.comparison_id, verdict.annotator)] = verdict
    desk.mark += 1
    sync.pull(at_once=True)


def test_half_a_surrogate_pair_is_mended_and_nothing_is_said_twice(store: Store, desk: RecordingDesk) -> None:
    pull(store, desk, submitted("one", note="a\ud83d", edit="b\0", aspects=("\ude00",)))
    ranking = store.comparisons.get("one").ranking
    assert ranking is not None
    assert (ranking.note, ranking.edit, ranking.aspects) == ("a\ufffd", "b\ufffd", ("\ufffd",))
    assert not ranking.damaged
    assert DeskSync(store, desk).pull(at_once=True) == 0


def test_words_that_are_too_long_are_a_problem_that_is_told_and_nothing_is_stored(
    store: Store, desk: RecordingDesk
) -> None:
    pull(store, desk, submitted("two", note="n" * 10_001))
    assert store.comparisons.get("two").ranking is None
    assert store.desks.state(desk.name).problems == ("two, owner: the note is longer than 10,000 characters",)


def test_a_name_that_no_name_may_be_is_a_problem(store: Store, desk: RecordingDesk) -> None:
    pull(store, desk, submitted("three", annotator="an\nna"))
    (problem,) = store.desks.state(desk.name).problems
    assert problem.endswith("the annotator's name must be at most 200 printable characters")
