"""What is particular to the transformers engine."""

from dataclasses import replace

import pytest

from feedback_app.engines.base import EngineUnavailable
from feedback_app.engines.transformers_engine import TransformersEngine
from tests.integration.engines.asking import answers, ask

pytestmark = [
    pytest.mark.integration,
    # PEFT 0.21 asks transformers 5.23 for an attribute under its old name.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]


@pytest.fixture
def engine(build):
    return build("transformers")


def drawn(seed, model="base"):
    return ask("I am sad.", model, seed, temperature=1.5, top_p=1.0, max_new_tokens=12)


def test_the_same_seeds_draw_the_same_replies(engine):
    batch = [drawn(7), drawn(8), drawn(7, "first")]
    assert answers(engine, *batch) == answers(engine, *batch)


def test_rows_with_one_seed_draw_alike_and_with_two_differ(engine):
    one, again, other = answers(engine, drawn(7), drawn(7), drawn(8))
    assert one == again
    assert one.text != other.text


def test_adapters_beyond_the_limit_leave_memory_and_come_back(tiny):
    engine = TransformersEngine(tiny.catalogue, loaded_models=1)
    before = answers(engine, ask("Hello", "first", max_new_tokens=5))
    engine.load("second")
    assert engine.models() == ["second"]
    assert answers(engine, ask("Hello", "first", max_new_tokens=5)) == before
    engine.close()


def test_an_adapter_that_is_a_pickle_is_refused(tiny, tmp_path):
    (tmp_path / "adapter_model.bin").write_bytes(b"pickle")
    engine = TransformersEngine(lambda name: replace(tiny.catalogue("first"), adapter_dir=tmp_path))
    with pytest.raises(EngineUnavailable, match="publish it again"):
        engine.load("first")
    engine.close()


def test_a_version_of_another_base_model_is_refused(tiny, tmp_path):
    def catalogue(name):
        version = tiny.catalogue(name)
        return replace(version, base_dir=tmp_path) if name == "first" else version

    engine = TransformersEngine(catalogue)
    engine.load("base")
    with pytest.raises(EngineUnavailable, match="another base model"):
        engine.load("first")
    engine.close()


def test_a_base_model_that_cannot_be_read_says_what_to_do(tiny, tmp_path):
    engine = TransformersEngine(lambda name: replace(tiny.catalogue("base"), base_dir=tmp_path))
    with pytest.raises(EngineUnavailable, match="prepare it again"):
        engine.load("base")
    engine.close()
