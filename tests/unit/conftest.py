"""A real store for unit tests, made in no time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from feedback_app.store import Store, migrate, open_store


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, made once and copied for each test."""
    path = tmp_path_factory.mktemp("template") / "codelynn.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def store(migrated: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "codelynn.db"
    path.write_bytes(migrated.read_bytes())
    opened = open_store(f"sqlite:///{path}")
    yield opened
    opened.close()
