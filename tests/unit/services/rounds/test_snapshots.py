"""Snapshots: which there are, how two differ, and what is new since the newest."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from feedback_app.domain.comparison import Comparison, Message
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.domain.round import Round, RoundState
from feedback_app.domain.snapshot import (
    SHOWN_PER_CHANGE,
    BrokenSnapshot,
    SnapshotNeeded,
    SnapshotNotFound,
    SnapshotSummary,
    from_pairs,
)
from feedback_app.services.rounds.snapshots import NOW, Snapshots
from feedback_app.store import Store
from feedback_app.ui.data.snapshots import difference, listing, since
from tests.unit.workers.examples import ranked
from workers.snapshot import UnpairedFeedback, export

FIRST_SAID = [replace(ranked(f"question {n}"), source="arena", tags=("work",)) for n in range(4)]
HI = (Message("user", "Hi"),)


@pytest.fixture
def snapshots(store: Store, tmp_path: Path) -> Snapshots:
    store.comparisons.add_all(FIRST_SAID)
    return Snapshots(store, tmp_path / "snapshots")


def written(snapshots: Snapshots, said: list[Comparison], given: UnpairedFeedback | None = None) -> str:
    return export(said, 0.15, snapshots.folder, given).hash


def counted(snapshots: Snapshots, one: str, other: str) -> dict[tuple[str, str], int]:
    return dict(snapshots.compared(one, other).difference.counts)


def test_nothing_has_changed_since_a_snapshot_of_what_is_here(snapshots: Snapshots, store: Store) -> None:
    store.ratings.add_all([Rating(HI, "Hello", good=True)])
    store.demonstrations.add_all([Demonstration(HI, "Hej")])
    given = UnpairedFeedback(tuple(store.ratings.all()), tuple(store.demonstrations.all()))
    found = snapshots.compared(written(snapshots, list(store.comparisons.with_rankings()), given), NOW)
    assert found.difference.total == 0
    assert found.difference.same == {"rankings": 4, "ratings": 1, "demonstrations": 1}
    assert "Nothing is new" in since(found)


def test_rankings_that_are_new_gone_and_changed_are_told_apart(snapshots: Snapshots, store: Store) -> None:
    turned = ranked("question 0", (("c2",), ("c1",)))
    one = written(snapshots, [turned, *FIRST_SAID[1:], ranked("gone since")])
    found = snapshots.compared(one, NOW)
    assert found.difference.counts == {("rankings", "changed"): 1, ("rankings", "removed"): 1}
    changed, removed = found.difference.first
    assert changed.before is not None
    assert changed.after is not None
    assert (changed.before.places, changed.after.places) == ((1, 0), (0, 1))
    assert removed.before is not None
    assert removed.before.prompt[-1].content == "gone since"
    assert found.sources["changed"] == {"arena": 1}
    assert found.tags["changed"] == {"work": 1}
    assert found.sources["removed"] == {"(deleted since)": 1}
    assert counted(snapshots, NOW, one) == {("rankings", "changed"): 1, ("rankings", "added"): 1}
    store.comparisons.add_all([ranked("one more")])
    assert counted(snapshots, one, NOW)["rankings", "added"] == 1


def test_a_thumb_that_was_turned_is_a_change_and_the_same_reply_may_be_rated_twice(
    snapshots: Snapshots, store: Store
) -> None:
    twice = (Rating(HI, "Hello", good=True), Rating(HI, "Hello", good=True))
    one = written(snapshots, FIRST_SAID, UnpairedFeedback(twice))
    other = written(
        snapshots, FIRST_SAID, UnpairedFeedback((replace(twice[0], good=False),), (Demonstration(HI, "Hej"),))
    )
    assert counted(snapshots, one, other) == {
        ("ratings", "changed"): 1,
        ("ratings", "removed"): 1,
        ("demonstrations", "added"): 1,
    }


def test_only_the_first_few_are_shown_and_all_are_counted(snapshots: Snapshots) -> None:
    one = written(snapshots, FIRST_SAID)
    other = written(snapshots, [*FIRST_SAID, *(ranked(f"more {n}") for n in range(SHOWN_PER_CHANGE + 5))])
    found = snapshots.compared(one, other).difference
    assert (found.counts["rankings", "added"], len(found.first)) == (SHOWN_PER_CHANGE + 5, SHOWN_PER_CHANGE)


def test_a_snapshot_of_the_first_format_is_compared_by_its_pairs(snapshots: Snapshots) -> None:
    said = [*FIRST_SAID, ranked("three", (("c2",), ("c1", "c3"))), ranked("tie", (("c1", "c2"),))]
    one, other = written(snapshots, said), written(snapshots, [*said, ranked("one more")])
    manifest = snapshots.folder / one / "manifest.json"
    kept = manifest.read_text(encoding="utf-8").replace('"rankings.parquet"', '"forgotten.parquet"')
    (snapshots.folder / one / "rankings.parquet").rename(snapshots.folder / one / "forgotten.parquet")
    manifest.write_text(kept, encoding="utf-8")
    found = snapshots.compared(one, other)
    assert (found.difference.counts, found.difference.same) == ({("rankings", "added"): 1}, {"rankings": 5})
    assert "ties are not compared" in found.notes[0]
    assert snapshots.compared(one, NOW).difference.counts == {("rankings", "removed"): 1}


def test_pairs_of_one_comparison_amount_to_its_ranking() -> None:
    record = from_pairs(HI, [("b", "a"), ("b", "c"), ("a", "c")], "id")
    assert sorted(zip(record.places, record.replies, strict=True)) == [(0, "b"), (1, "a"), (2, "c")]


def test_snapshots_are_listed_newest_first_with_what_cannot_be_read_at_the_end(
    snapshots: Snapshots, store: Store
) -> None:
    assert (snapshots.all(), snapshots.newest(), snapshots.since()) == ([], None, None)
    first, second = written(snapshots, FIRST_SAID[:2]), written(snapshots, FIRST_SAID)
    store.rounds.add(Round(method="sft", snapshot=first))
    store.rounds.add(Round(method="ppo", snapshot="e" * 64))
    (snapshots.folder / ".building-1").mkdir()
    (snapshots.folder / "half").mkdir()
    found = snapshots.all()
    assert [one.hash for one in found] == [second, first, "half", "e" * 64]
    assert [round_.method for round_ in found[1].rounds] == ["sft"]
    assert found[0].counts["rankings"] == 4
    assert found[0].size > 1000
    assert [one.problem != "" for one in found] == [False, False, True, True]
    assert "not on this machine" in found[3].problem


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_snapshot_is_told_of_and_never_compared(snapshots: Snapshots, damage: str) -> None:
    name = written(snapshots, FIRST_SAID)
    file = snapshots.folder / name / "rankings.parquet"
    file.write_bytes(file.read_bytes() + b"x") if damage == "changed" else file.unlink()
    with pytest.raises(BrokenSnapshot, match="changed since it was written"):
        snapshots.compared(name, NOW)


def test_a_snapshot_is_found_by_how_its_hash_begins(snapshots: Snapshots) -> None:
    name = written(snapshots, FIRST_SAID)
    assert snapshots.named(name[:6]) == snapshots.named("newest") == name
    for wrong in ("", "nothing", "../secrets"):
        with pytest.raises(SnapshotNotFound):
            snapshots.named(wrong)


def test_what_is_new_is_read_again_only_when_something_is(snapshots: Snapshots, store: Store) -> None:
    written(snapshots, FIRST_SAID)
    known = snapshots.since()
    assert snapshots.since() is known
    store.comparisons.add_all([ranked("one more")])
    again = snapshots.since()
    assert again is not None
    assert "1 ranking new" in since(again)


def test_with_many_pairs_only_their_kept_numbers_are_compared(
    snapshots: Snapshots, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(snapshots, FIRST_SAID)
    monkeypatch.setattr("feedback_app.services.rounds.snapshots.MOST_READ", 0)
    monkeypatch.setattr(Snapshots, "compared", None)
    known = since(snapshots.since())
    assert "in the newest snapshot" in known
    assert "more than" not in known
    store.comparisons.add_all([ranked(f"more {number}") for number in range(20)])
    assert "more than in the newest snapshot" in since(snapshots.since())


def test_a_snapshot_is_deleted_unless_a_round_that_is_not_finished_needs_it(
    snapshots: Snapshots, store: Store
) -> None:
    name = written(snapshots, FIRST_SAID)
    waiting = Round(snapshot=name)
    store.rounds.add(waiting)
    with pytest.raises(SnapshotNeeded, match=f"{waiting.id[:8]} is queued"):
        snapshots.delete(name)
    store.rounds.request_cancel(waiting.id)
    assert store.rounds.get(waiting.id).state is RoundState.cancelled
    snapshots.delete(name)
    assert not (snapshots.folder / name).exists()
    with pytest.raises(SnapshotNotFound):
        snapshots.delete(NOW)


def test_texts_on_the_page_are_escaped_and_cut(snapshots: Snapshots) -> None:
    one = written(snapshots, FIRST_SAID)
    other = written(snapshots, [*FIRST_SAID, ranked("<script>alert(1)</script>" + "x" * 1000)])
    page = difference(snapshots.compared(one, other))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "x" * 400 not in page


def test_the_list_is_a_table_or_says_that_it_is_empty(snapshots: Snapshots) -> None:
    assert "No snapshot yet" in listing([])
    written(snapshots, FIRST_SAID)
    page = listing([*snapshots.all(), SnapshotSummary("<b>" * 4, problem="<not here>")])
    assert page.count('scope="row"') == 2
    assert "&lt;not here&gt;" in page
    shutil.rmtree(snapshots.folder)
    assert snapshots.all() == []
