"""One store for the tests of the sync, and a desk for each."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from feedback_app.store import Store, migrate, open_store
from tests.fakes import RecordingDesk


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
