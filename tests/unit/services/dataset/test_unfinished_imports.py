"""An import whose process died is taken back, and a complete one stays."""

from feedback_app.domain.comparison import Message
from feedback_app.domain.preference import Rating
from feedback_app.services.dataset.dataset import Dataset
from feedback_app.store import Store
from feedback_app.store.imports import Records
from tests.unit.services.dataset.test_import_progress import CONTENT
from tests.unit.services.reward.live.examples import opened


def test_what_a_dead_import_stored_is_taken_back_at_the_next_start(store: Store) -> None:
    data = Dataset(store)
    data.import_("trl", CONTENT)
    died = store.imports.begin()
    rating = Rating((Message("user", "Hi"),), "Hello", good=True, source="import:kto")
    assert store.imports.add(died, Records([opened(1)], [rating])) == 2
    data.recover()
    assert (store.comparisons.counts()["ranked"], store.ratings.count()) == (1200, 0)
    assert store.imports.unfinished() == store.imports.stored_by(died) == []
