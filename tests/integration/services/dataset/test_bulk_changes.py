"""One change to all comparisons that match: in batches, stopped after any, refused while the search index is being built."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback_app.domain.ranking_query import RankingSearch
from feedback_app.services.dataset import bulk_changes, curation
from feedback_app.services.dataset.bulk_changes import change_all
from feedback_app.services.dataset.curation import Curation, IndexBehind
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.store import Store, migrate, open_store
from tests.integration.store.examples import FIRST_BEST, shown

pytestmark = pytest.mark.integration
ALL = RankingSearch()


class Written:
    """An arena with nothing to stop."""

    def stop(self, comparison_id: str) -> None:
        """Every reply is written."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 'codelynn.db'}"
    migrate(url)
    opened = open_store(url)
    for i in range(5):
        comparison = shown(f"tea {i}")
        opened.comparisons.add(comparison)
        opened.comparisons.rank(comparison.id, FIRST_BEST, ())
    yield opened
    opened.close()


@pytest.fixture
def curated(store: Store) -> Curation:
    return Curation(store, Written(), LiveRewardService(store), ())  # type: ignore[arg-type]


def test_progress_counts_batches_and_says_how_many_there_are(
    curated: Curation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_changes, "BATCH", 2)
    steps = [(now.done, now.changed, now.total) for now in change_all(curated, ALL, "exclude")]
    assert steps == [(0, 0, 5), (2, 2, 5), (4, 4, 5), (5, 5, 5)]
    assert curated.find(RankingSearch(verdict="taken out")).found == 5


def test_a_stopped_change_keeps_what_it_changed(curated: Curation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_changes, "BATCH", 2)
    steps = change_all(curated, ALL, "delete")
    assert [next(steps).changed, next(steps).changed] == [0, 2]
    assert curated.find(ALL).found == 3


def test_tags_are_added_to_those_that_are_there(curated: Curation, store: Store) -> None:
    first = curated.ids(ALL)[0]
    store.curation.tag(first, ["work", "tea"])
    assert list(change_all(curated, ALL, "tag", ["tea"]))[-1].changed == 4
    assert store.comparisons.get(first).tags == ("work", "tea")
    assert curated.find(RankingSearch(tag="tea")).found == 5


def test_nothing_is_changed_while_the_index_is_being_built(
    curated: Curation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curation, "MOST_UNINDEXED", 2)
    with pytest.raises(IndexBehind):
        next(change_all(curated, ALL, "delete"))
    assert curated.find(ALL).found == 5
