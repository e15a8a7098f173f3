"""How two snapshots differ is what a plain comparison of their records says."""

from collections import Counter
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from feedback_app.domain.comparison import Message
from feedback_app.domain.snapshot import RecordKind, SnapshotRecord
from feedback_app.domain.snapshot_difference import difference

KINDS: tuple[RecordKind, ...] = ("rankings", "ratings", "demonstrations")
RECORDS = st.lists(
    st.builds(
        lambda kind, key, place: SnapshotRecord(
            kind, key, (Message("user", "hi"),), ("a", "b"), (0, place), key
        ),
        st.sampled_from(KINDS),
        st.sampled_from(["x", "y", "z", "u"]),
        st.integers(0, 2),
    ),
    max_size=25,
)


def numbered(records: list[SnapshotRecord]) -> dict[tuple[str, str, int], SnapshotRecord]:
    """By kind, key, and the number of the record among those of that key."""
    by_key = sorted(records, key=lambda record: (record.kind, record.key))
    groups = groupby(by_key, key=lambda record: (record.kind, record.key))
    return {(*key, number): record for key, group in groups for number, record in enumerate(group)}


@given(RECORDS, RECORDS)
def test_the_numbers_and_the_first_texts_are_those_of_a_plain_comparison(
    before: list[SnapshotRecord], after: list[SnapshotRecord]
) -> None:
    old, new = numbered(before), numbered(after)
    found = difference(lambda: before, lambda: after)
    changed = {place for place in old.keys() & new.keys() if old[place] != new[place]}
    expected = Counter((place[0], "changed") for place in changed)
    expected.update((place[0], "added") for place in new.keys() - old.keys())
    expected.update((place[0], "removed") for place in old.keys() - new.keys())
    assert found.counts == expected
    assert found.same == Counter(place[0] for place in (old.keys() & new.keys()) - changed)
    assert len(found.first) == sum(min(number, 10) for number in expected.values())
    for change in found.first:
        assert (change.before is None, change.after is None) == (
            change.how == "added",
            change.how == "removed",
        )
        if change.before and change.after:
            assert change.before.key == change.after.key
            assert change.before != change.after
    assert sum(map(len, found.comparisons.values())) == expected.total()
