import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny base model."""
    return shutil.copytree(tiny_model, tmp_path_factory.mktemp("base") / "tiny" / "hf")
