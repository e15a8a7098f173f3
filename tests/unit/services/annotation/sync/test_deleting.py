"""What was deleted or taken out here is so at the desk too, and a pull does not bring it back."""

from datetime import UTC, datetime

from feedback_app.desks.base import OWNER, DeskUnavailable
from feedback_app.services.annotation.sync import DeskSync
from feedback_app.store import Store
from tests.fakes import RecordingDesk
from tests.unit.services.annotation.sync.examples import opened, said, vote


def known(store: Store) -> set[str]:
    return {name for ids in store.comparisons.written_ids() for name in ids}


def test_what_was_deleted_here_is_deleted_there_and_is_not_pulled_again(
    store: Store, desk: RecordingDesk
) -> None:
    gone, kept = (
        vote(store, desk, opened(store, desk, "gone")),
        vote(store, desk, opened(store, desk, "kept")),
    )
    sync = DeskSync(store, desk)
    sync.run()
    desk.say(said(gone, "anna"))
    desk.say(said(gone, OWNER))
    store.curation.delete([gone.id], [desk.name])
    assert sync.pull(at_once=True) == 0
    assert gone.id not in known(store)
    sync.run()
    assert set(desk.records) == {kept.id}
    assert {key[0] for key in desk.verdicts} == {kept.id}
    assert store.desks.orphans(desk.name) == []
    assert {key[0] for key in store.desks.agreed(desk.name)} == {kept.id}
    assert store.comparisons.get(kept.id).ranking is not None


def test_a_verdict_that_was_taken_out_is_discarded_there_until_it_is_brought_back(
    store: Store, desk: RecordingDesk
) -> None:
    one = vote(store, desk, opened(store, desk, "one"))
    sync = DeskSync(store, desk)
    sync.run()
    store.curation.take_out([one.id], [desk.name])
    sync.run()
    assert desk.verdicts[one.id, OWNER].state == "discarded"
    assert sync.pull(at_once=True) == 0
    store.curation.bring_back([one.id], [desk.name])
    sync.run()
    assert desk.verdicts[one.id, OWNER].state == "submitted"
    assert sync.pull(at_once=True) == 0
    assert store.comparisons.get(one.id).ranking == one.ranking


def test_a_desk_that_is_away_is_told_when_it_is_back(store: Store, desk: RecordingDesk) -> None:
    gone = opened(store, desk, "gone")
    sync = DeskSync(store, desk)
    sync.run()
    store.curation.delete([gone.id], [desk.name])
    away = RecordingDesk(DeskUnavailable("away"), name=desk.name)
    DeskSync(store, away).run()
    assert store.desks.orphans(desk.name) == [gone.id]
    store.desks.set_state(desk.name, try_after=datetime.now(UTC))
    sync.run()
    assert desk.records == {}


def test_what_never_reached_the_desk_is_forgotten(store: Store, desk: RecordingDesk) -> None:
    gone = opened(store, desk, "gone")
    store.curation.delete([gone.id], [desk.name])
    assert store.outbox.counts(desk.name)["pending"] == 0
    DeskSync(store, desk).run()
    assert store.desks.orphans(desk.name) == []


def test_what_the_desk_has_from_elsewhere_is_left_alone(store: Store, desk: RecordingDesk) -> None:
    ours = opened(store, desk, "ours")
    sync = DeskSync(store, desk)
    sync.run()
    desk.records["of another"] = desk.records[ours.id]
    sync.pull(at_once=True)
    sync.run()
    assert set(desk.records) == {ours.id, "of another"}
