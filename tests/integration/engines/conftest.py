"""A tiny real model, two adapters of it, and the three engines over them."""

import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from feedback_app.engines.base import Engine, ModelVersion, UnknownModel
from feedback_app.engines.ct2 import Ct2Engine
from feedback_app.engines.openai_server import OpenAiServerEngine
from feedback_app.engines.transformers_engine import TransformersEngine
from tests.integration.engines.openai_app import Server, serve

KINDS = ("ctranslate2", "transformers", "openai")


@dataclass(frozen=True)
class TinyModels:
    """A base and the versions `first` and `second`, whose adapters are noise: nothing they write looks like the base."""

    versions: dict[str, ModelVersion]

    def catalogue(self, name: str) -> ModelVersion:
        if name not in self.versions:
            raise UnknownModel(f"no model {name!r}; there are: {', '.join(self.versions)}")
        return self.versions[name]


@pytest.fixture(scope="session")
def one_torch_thread() -> Iterator[None]:
    """For so small a model a second thread only costs: 50 s instead of 4 s to build it on two busy cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory, one_torch_thread: None) -> TinyModels:
    folder = tmp_path_factory.mktemp("tiny")
    base = shutil.copytree(tiny_model, folder / "base")
    _convert(base, folder / "ct2-base")
    versions = {"base": ModelVersion("base", base, None, folder / "ct2-base")}
    for seed, name in enumerate(("first", "second")):
        adapter, ct2 = folder / name, folder / f"ct2-{name}"
        _write_adapter(base, adapter, ct2, seed)
        versions[name] = ModelVersion(name, base, adapter, ct2)
    return TinyModels(versions)


def _write_adapter(base: Path, adapter: Path, ct2: Path, seed: int) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # PEFT 0.21 asks transformers 5.23 for an attribute under its old name.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        torch.manual_seed(seed)
        model = get_peft_model(
            AutoModelForCausalLM.from_pretrained(base),
            LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False),
        )
    model.save_pretrained(adapter)
    merged = adapter.with_name(f"merged-{adapter.name}")
    model.merge_and_unload().save_pretrained(merged)
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(base / file, merged / file)
    _convert(merged, ct2)


def _convert(source: Path, target: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(source)).convert(str(target), quantization="int8")


@pytest.fixture
def server(tiny: TinyModels) -> Iterator[Server]:
    with serve(tiny.catalogue) as running:
        yield running


@pytest.fixture
def build(tiny: TinyModels, request: pytest.FixtureRequest) -> Callable[[str], Engine]:
    """Builds the engine of a kind, closed at the end of the test."""

    def built(kind: str) -> Engine:
        engine: Engine
        if kind == "ctranslate2":
            engine = Ct2Engine(tiny.catalogue, threads=2)
        elif kind == "transformers":
            engine = TransformersEngine(tiny.catalogue)
        else:
            engine = OpenAiServerEngine(tiny.catalogue, request.getfixturevalue("server").url)
        request.addfinalizer(engine.close)
        return engine

    return built


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(kind: str, build: Callable[[str], Engine]) -> Engine:
    return build(kind)
