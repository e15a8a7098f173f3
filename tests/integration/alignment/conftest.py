import shutil
from pathlib import Path

import pytest

from tests.integration.alignment.rounds import prepare_round, run

LONG = {"epochs": 10}


@pytest.fixture(scope="session")
def tiny(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny base model; measurements of it are kept beside it, as for a real one."""
    return shutil.copytree(tiny_model, tmp_path_factory.mktemp("base") / "hf")


@pytest.fixture(scope="session")
def finished(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a round that ran undisturbed, with a CTranslate2 conversion."""
    folder = prepare_round(tmp_path_factory.mktemp("home"), tiny, config=LONG)
    code = run(folder)
    assert code == 0, (folder / "trainer.log").read_text()
    return folder
