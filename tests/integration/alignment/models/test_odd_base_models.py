"""Base models as people have them: whole and chatting, or refused in one line before anything is unpacked."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alignment.models.base_model import BaseModel, BaseModelUnavailable, prepare_base
from feedback_app.domain.comparison import Message, Sampling
from feedback_app.engines.base import GenerationRequest, ModelVersion
from feedback_app.engines.ct2 import Ct2Engine
from feedback_app.engines.selection import cannot_answer
from feedback_app.engines.tokenizer import ChatTokenizer

pytestmark = pytest.mark.integration
Change = Callable[[Path], None]


def ignore(message: str, done: float) -> None:
    pass


def prepared(folder: Path, models: Path) -> BaseModel:
    return prepare_base(str(folder), models, True, ignore, cannot_answer)


def answer(ready: BaseModel) -> str:
    version = ModelVersion("base", ready.hf_dir, None, ready.ct2_dir)
    engine = Ct2Engine(lambda name: version, threads=1)
    asked = GenerationRequest(
        "base", (Message("user", "Hello, how are you?"),), Sampling(temperature=0, max_new_tokens=24)
    )
    try:
        return "".join(delta.text for delta in engine.generate([asked]))
    finally:
        engine.close()


def edited(name: str, **changes: Any) -> Change:
    """Change fields of a JSON file; None takes one out."""

    def change(folder: Path) -> None:
        path = folder / name
        content = json.loads(path.read_text()) | changes
        path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))

    return change


def without(*names: str) -> Change:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def written(name: str, text: str | bytes) -> Change:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    return change


def as_gpt2_files(folder: Path) -> None:
    """vocab.json and merges.txt, as models of some years ago have them, instead of tokenizer.json."""
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
    (folder / "merges.txt").write_text(
        "#version: 0.2\n" + "\n".join(" ".join(pair) for pair in model["merges"]) + "\n"
    )
    (folder / "tokenizer.json").unlink()
    edited("tokenizer_config.json", tokenizer_class="GPT2Tokenizer", backend=None)(folder)


def cut(name: str) -> Change:
    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return change


def only_written_end(folder: Path) -> None:
    edited("tokenizer_config.json", eos_token=None)(folder)
    edited("config.json", eos_token_id=None)(folder)
    edited("generation_config.json", eos_token_id=None)(folder)


def templates_by_name(folder: Path) -> None:
    plain = {"name": "default", "template": (folder / "chat_template.jinja").read_text()}
    tools = {"name": "tool_use", "template": "{{ tools }}"}
    edited("tokenizer_config.json", chat_template=[tools, plain])(folder)
    without("chat_template.jinja")(folder)


DATED = (
    "{{'<|im_start|>system\nToday is '+strftime_now('%d %B %Y')+'.<|im_end|>\n'}}{% for m in messages %}"
    "{{'<|im_start|>'+m['role']+'\n'+m['content']+'<|im_end|>\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{'<|im_start|>assistant\n'}}{% endif %}"
)

CHATS: dict[str, Change] = {
    "a template that names the day": written("chat_template.jinja", DATED),
    "tokenizer files of some years ago": as_gpt2_files,
    "no tokenizer_config.json": without("tokenizer_config.json"),
    "no generation_config.json": without("generation_config.json"),
    "no end token in the tokenizer": edited("tokenizer_config.json", eos_token=None),
    "no end token anywhere but in the template": only_written_end,
    "an end token that the vocabulary has not": edited("generation_config.json", eos_token_id=[99_999]),
    "another token as its end": edited("tokenizer_config.json", eos_token="<|endoftext|>"),
    "no begin, pad and unknown token": edited(
        "tokenizer_config.json", bos_token=None, pad_token=None, unk_token=None
    ),
    "an astronomic length": edited("tokenizer_config.json", model_max_length=1e30),
    "a length of nothing": edited("tokenizer_config.json", model_max_length=0),
    "a file that has nothing to do with it": written("notes.json", "[1, 2"),
    "templates by name": templates_by_name,
    "a template that asks for tools": lambda folder: written(
        "chat_template.jinja",
        "{% if tools is not none %}{{ raise_exception('tools!') }}{% endif %}"
        + (folder / "chat_template.jinja").read_text(),
    )(folder),
}
REFUSED: dict[str, tuple[Change, str]] = {
    "weights cut short": (cut("model.safetensors"), "model.safetensors of model is not whole"),
    "weights that are none": (written("model.safetensors", "<html>404"), "is not whole"),
    "a shard that is not there": (
        written("model.safetensors.index.json", '{"weight_map": {"a": "model-00002-of-00002.safetensors"}}'),
        "model-00002-of-00002.safetensors of model is not whole",
    ),
    "no tokenizer": (without("tokenizer.json", "tokenizer_config.json"), "tokenizer"),
    "a tokenizer cut short": (cut("tokenizer.json"), "tokenizer.json of model is damaged"),
    "a tokenizer of another kind of file": (written("tokenizer.json", "{}"), "no usable tokenizer"),
    "settings that are a list": (
        written("tokenizer_config.json", "[]"),
        "tokenizer_config.json of model is damaged",
    ),
    "settings in another encoding": (
        written("config.json", "{}".encode("utf-16")),
        "config.json of model is damaged",
    ),
    "special tokens cut short": (
        written("special_tokens_map.json", '{"eos'),
        "special_tokens_map.json of model is damaged",
    ),
    "an unknown architecture": (
        edited("config.json", model_type="nobody", architectures=["Nobody"]),
        "of no kind that transformers knows",
    ),
    "a model that writes no text": (
        edited("config.json", model_type="vit", architectures=["ViTModel"]),
        "choose",
    ),
    "an empty template": (written("chat_template.jinja", ""), "has no chat template"),
    "a template with a mistake": (
        written("chat_template.jinja", "{% for m in messages %}{{ m.content }"),
        "cannot write a conversation",
    ),
    "a template that asks for what nobody has": (
        written("chat_template.jinja", "{{ 1 + nothing }}{% for m in messages %}{{ m.content }}{% endfor %}"),
        "cannot write a conversation",
    ),
    "a template that divides by nothing": (
        written("chat_template.jinja", "{{ 1 / 0 }}"),
        "cannot write a conversation",
    ),
    "a template without the user": (
        written("chat_template.jinja", "Hello."),
        "leaves out what the user says",
    ),
}


@pytest.fixture
def model(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "model"))


@pytest.mark.parametrize("change", CHATS.values(), ids=CHATS)
def test_a_model_with_odd_files_chats(model: Path, tmp_path: Path, change: Change) -> None:
    change(model)
    ready = prepared(model, tmp_path / "models")
    assert ready.ct2_dir is not None
    said = answer(ready)
    assert said
    assert "<|" not in said, "the reply did not end where the turn ends"
    assert prepared(model, tmp_path / "models") == ready


@pytest.mark.parametrize(("change", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_model_that_cannot_chat_is_refused_before_anything_is_unpacked(
    model: Path, tmp_path: Path, change: Change, reason: str
) -> None:
    change(model)
    steps: list[str] = []
    for _ in range(2):
        with pytest.raises(BaseModelUnavailable, match=reason) as refusal:
            prepare_base(
                str(model), tmp_path / "models", True, lambda text, done: steps.append(text), cannot_answer
            )
        assert "\n" not in str(refusal.value)
    assert steps == ["Checking model"], "the second start began anew, or something was fetched"
    left = [path for path in (tmp_path / "models").rglob("*") if path.is_dir() or path.stat().st_size > 4096]
    assert left == []


def test_a_refused_model_is_tried_again_once_its_files_have_changed(
    model: Path, tiny: Path, tmp_path: Path
) -> None:
    cut("tokenizer.json")(model)
    with pytest.raises(BaseModelUnavailable):
        prepared(model, tmp_path / "models")
    shutil.copyfile(tiny / "tokenizer.json", model / "tokenizer.json")
    assert answer(prepared(model, tmp_path / "models"))


def test_a_model_whose_engine_does_not_answer_is_not_called_ready_and_leaves_nothing(
    model: Path, tmp_path: Path
) -> None:
    asked: list[Path | None] = []

    def silent(hf_dir: Path, ct2_dir: Path | None) -> str:
        asked.append(ct2_dir)
        return "it says nothing"

    for _ in range(2):
        with pytest.raises(BaseModelUnavailable, match="model does not answer: it says nothing"):
            prepare_base(str(model), tmp_path / "models", True, ignore, silent)
    assert [ct2 is None for ct2 in asked] == [False, True], "the second start asked anew"
    assert [path for path in (tmp_path / "models").rglob("*") if path.is_dir()] == []


def test_a_model_that_only_its_conversion_cannot_speak_for_answers_without(
    model: Path, tmp_path: Path
) -> None:
    ready = prepare_base(
        str(model),
        tmp_path / "models",
        True,
        ignore,
        lambda hf_dir, ct2_dir: "no" if ct2_dir else cannot_answer(hf_dir, None),
    )
    assert ready.ct2_dir is None
    assert prepared(model, tmp_path / "models") == ready


def test_the_token_that_ends_a_turn_ends_replies_whatever_the_files_say(model: Path, tmp_path: Path) -> None:
    edited("tokenizer_config.json", eos_token="<|endoftext|>")(model)
    edited("generation_config.json", eos_token_id=0)(model)
    ready = prepared(model, tmp_path / "models")
    tokenizer = ChatTokenizer(ready.hf_dir)
    assert {tokenizer.tokens([index])[0] for index in tokenizer.stop_ids} == {"<|endoftext|>", "<|im_end|>"}
