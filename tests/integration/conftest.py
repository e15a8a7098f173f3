"""What several integration tests start from."""

import json
import shutil
from pathlib import Path

import pytest

from alignment.models.base_model import prepare_base
from feedback_app.store import migrate
from tests.integration.alignment.rounds import write_packs
from tests.tiny_model import SYSTEM


@pytest.fixture(scope="session")
def prepared_home(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A HOME to copy: the tiny model (in `tiny`) made ready, an empty database, small packs and a persona."""
    home = tmp_path_factory.mktemp("prepared")
    base = shutil.copytree(tiny_model, home / "tiny")
    prepare_base(str(base), home / "models", False, lambda text, fraction: None)
    migrate(f"sqlite:///{home / 'codelynn.db'}")
    write_packs(home)
    persona = {"id": "tiny", "name": "Tiny", "description": "", "system_prompt": SYSTEM, "greeting": ""}
    (home / "personas").mkdir()
    (home / "personas" / "tiny.json").write_text(json.dumps(persona))
    return home
