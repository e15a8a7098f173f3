"""Preparing a base model: once, whole, and only from safetensors."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from alignment.checkpoints.registry import weights_hash
from alignment.contract.files import read_json
from alignment.models.base_model import BaseModelUnavailable, prepare_base

pytestmark = pytest.mark.integration


def ignore(message: str, done: float) -> None:
    pass


def test_two_at_once_prepare_a_folder_once(tiny: Path, tmp_path: Path) -> None:
    said: list[tuple[str, float]] = []

    def report(message: str, done: float) -> None:
        said.append((message, done))

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: prepare_base(str(tiny), tmp_path, True, report), range(2))
    assert first == second
    assert [message.split()[0] for message, _ in said].count("Fetching") == 1
    assert [message.split()[0] for message, _ in said].count("Converting") == 1
    assert first.ct2_dir is not None
    assert (first.ct2_dir / "model.bin").is_file()
    assert read_json(tmp_path / first.slug / "manifest.json")["hash"] == weights_hash(tiny)
    assert [path.name for path in (tmp_path / first.slug).iterdir() if path.name.endswith(".building")] == []


def test_a_conversion_is_added_later_and_an_interrupted_start_is_swept_up(tiny: Path, tmp_path: Path) -> None:
    plain = prepare_base(str(tiny), tmp_path, False, ignore)
    assert plain.ct2_dir is None
    (plain.hf_dir.parent / ".ct2.building").mkdir()
    assert prepare_base(str(tiny), tmp_path, True, ignore).ct2_dir == plain.hf_dir.parent / "ct2"


def test_a_folder_with_pickled_weights_only_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(tiny, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BaseModelUnavailable, match="pickled weights are not read"):
        prepare_base(str(folder), tmp_path / "models", True, ignore)


def test_a_model_that_cannot_chat_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    shutil.copytree(tiny, folder)
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(BaseModelUnavailable, match="has no chat template"):
        prepare_base(str(folder), tmp_path / "models", True, ignore)


@pytest.mark.parametrize("source", ["nowhere.gguf", "/no/such/folder", "two/many/parts"])
def test_a_source_that_is_not_there_is_named_in_one_line(source: str, tmp_path: Path) -> None:
    with pytest.raises(BaseModelUnavailable) as refusal:
        prepare_base(source, tmp_path, True, ignore)
    assert source in str(refusal.value)
    assert "\n" not in str(refusal.value)
