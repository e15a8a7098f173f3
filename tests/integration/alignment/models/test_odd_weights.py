"""Weights, indexes and settings that do not fit together: refused in one line before anything is copied, again at once."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from alignment.models import base_check
from alignment.models.base_model import BaseModelUnavailable
from tests.integration.alignment.models.test_odd_base_models import (
    Change,
    answer,
    edited,
    ignore,
    prepare_base,
    prepared,
    without,
    written,
)

pytestmark = pytest.mark.integration
INDEX = "model.safetensors.index.json"


def weights(change: Callable[[dict[str, object]], object]) -> Change:
    """Change the tensors of the file."""

    def changed(folder: Path) -> None:
        found = load_file(folder / "model.safetensors")
        change(found)
        save_file(found, folder / "model.safetensors", {"format": "pt"})

    return changed


def in_two_files(folder: Path) -> None:
    found = load_file(folder / "model.safetensors")
    first = sorted(found)[: len(found) // 2]
    parts = {"a.safetensors": first, "b.safetensors": sorted(found.keys() - set(first))}
    for name, keys in parts.items():
        save_file({key: found[key] for key in keys}, folder / name, {"format": "pt"})
    places = {key: name for name, keys in parts.items() for key in keys}
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))
    (folder / "model.safetensors").unlink()


def in_two_files_without_index(folder: Path) -> None:
    in_two_files(folder)
    (folder / INDEX).unlink()


def links(folder: Path) -> None:
    for path in list(folder.iterdir()):
        there = path.rename(folder.parent / f"blob-{path.name}")
        path.symlink_to(there)


def leads_nowhere(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(folder / "model.safetensors")


def header(text: str) -> Change:
    return written("model.safetensors", len(text).to_bytes(8, "little") + text.encode())


def tokenizer_without_decoder(folder: Path) -> None:
    content = json.loads((folder / "tokenizer.json").read_text()) | {"decoder": None}
    (folder / "tokenizer.json").write_text(json.dumps(content))


NOT_WHOLE = "model.safetensors of model is not whole"
LACKING = "of the weights that config.json of model asks for are missing or of another shape"
REFUSED: dict[str, tuple[Change, str]] = {
    "one tensor less": (weights(lambda found: found.pop("model.norm.weight")), LACKING),
    "no tensor at all": (weights(dict.clear), LACKING),
    "more layers than weights": (edited("config.json", num_hidden_layers=5), LACKING),
    "other sizes than the weights'": (edited("config.json", hidden_size=128), LACKING),
    "a larger vocabulary than the weights'": (edited("config.json", vocab_size=100_000), LACKING),
    "numbers that are none": (
        weights(lambda found: found.update({key: value * float("nan") for key, value in found.items()})),
        "does not answer: it says nothing",
    ),
    "sizes that are words": (edited("config.json", vocab_size="many"), "of no kind that transformers knows"),
    "heads that do not divide": (
        edited("config.json", num_attention_heads=3),
        "of no kind that transformers",
    ),
    "positions of an unknown kind": (
        edited("config.json", rope_scaling={"rope_type": "none", "factor": 2}),
        r"cannot be loaded \(KeyError\)",
    ),
    "quantized weights": (
        edited("config.json", quantization_config={"quant_method": "gptq", "bits": 4}),
        "is quantized in a way that cannot be used here",
    ),
    "two files without their index": (in_two_files_without_index, "cannot be loaded"),
    "an index that is a number": (written(INDEX, '{"weight_map": 5}'), f"{INDEX} of model is damaged"),
    "an index of lists": (written(INDEX, '{"weight_map": {"a": ["b"]}}'), f"{INDEX} of model is damaged"),
    "an index without places": (written(INDEX, "{}"), f"{INDEX} of model is damaged"),
    "a header of lists": (header('{"a": []}'), NOT_WHOLE),
    "a header without places": (header('{"a": {"x": 1}}'), NOT_WHOLE),
    "a header with places of words": (header('{"a": {"data_offsets": [0, "x"]}}'), NOT_WHOLE),
    "a header without end": (header("[" * 200_000), NOT_WHOLE),
    "a link in a circle": (leads_nowhere, NOT_WHOLE),
    "an adapter beside the model": (written("adapter_config.json", "{}"), "holds a LoRA adapter"),
    "a tokenizer that cannot write": (tokenizer_without_decoder, "does not give back what it reads"),
    "settings with a byte order mark": (
        lambda folder: written("config.json", b"\xef\xbb\xbf" + (folder / "config.json").read_bytes())(
            folder
        ),
        "config.json of model is damaged",
    ),
    "another kind of template": (
        lambda folder: (
            without("chat_template.jinja")(folder),
            edited("tokenizer_config.json", chat_template=5)(folder),
        )[0],
        "has no chat template",
    ),
}
CHATS: dict[str, Change] = {
    "weights in two files": in_two_files,
    "links to the files": links,
    "ends of any kind": edited("generation_config.json", eos_token_id=[[1], None, "a", -1, 1e9, True]),
}


@pytest.fixture
def model(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "model"))


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED)
def test_weights_that_do_not_fit_are_refused_and_nothing_is_left(
    model: Path, tmp_path: Path, change: Change, reason: str
) -> None:
    change(model)
    for _ in range(2):
        with pytest.raises(BaseModelUnavailable, match=reason) as refusal:
            prepared(model, tmp_path / "models")
        assert "\n" not in str(refusal.value)
    left = [path for path in (tmp_path / "models").rglob("*") if path.is_dir() or path.stat().st_size > 4096]
    assert left == []


@pytest.mark.parametrize("change", CHATS.values(), ids=CHATS)
def test_files_in_another_order_chat(model: Path, tmp_path: Path, change: Change) -> None:
    change(model)
    assert answer(prepared(model, tmp_path / "models"))


def test_a_template_without_end_is_ended(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_check, "LONGEST_RENDERING", 0.2)
    loops = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    written("chat_template.jinja", loops)(model)
    with pytest.raises(BaseModelUnavailable, match=r"cannot write a conversation \(NeverEnds\)"):
        prepare_base(str(model), tmp_path / "models", True, ignore)
