"""What several integration tests start from."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from alignment.models.base_model import prepare_base
from feedback_app.store import Store, migrate, open_store
from tests.integration.alignment.rounds import write_packs
from tests.integration.stores import NewStore
from tests.tiny_model import SYSTEM, build_tiny_model


@pytest.fixture(scope="session")
def prepared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A HOME to copy: the tiny model (in `tiny`) made ready, an empty database, small packs and a persona."""
    home = tmp_path_factory.mktemp("prepared")
    base = build_tiny_model(home / "tiny")
    prepare_base(str(base), home / "models", False, lambda text, fraction: None)
    migrate(f"sqlite:///{home / 'codelynn.db'}")
    write_packs(home)
    persona = {"id": "tiny", "name": "Tiny", "description": "", "system_prompt": SYSTEM, "greeting": ""}
    (home / "personas").mkdir()
    (home / "personas" / "tiny.json").write_text(json.dumps(persona))
    return home


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
