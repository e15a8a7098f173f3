"""New stores, each on a copy of one migrated database."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback_app.store import Store, migrate, open_store
from tests.integration.services.dataset.stores import NewStore


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables, to copy."""
    path = tmp_path_factory.mktemp("migrated") / "codelynn.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def new_store(migrated: Path, tmp_path: Path) -> Iterator[NewStore]:
    opened: list[Store] = []

    def make() -> Store:
        path = shutil.copy(migrated, tmp_path / f"{len(opened)}.db")
        opened.append(open_store(f"sqlite:///{path}"))
        return opened[-1]

    yield make
    for store in opened:
        store.close()
