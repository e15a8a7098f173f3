"""What is particular to the CTranslate2 engine."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic

import pytest

from feedback_app.engines.base import Caller, EngineUnavailable, Priority, with_caller
from feedback_app.engines.ct2 import Ct2Engine
from feedback_app.engines.request_queue import Limits
from tests.integration.engines.asking import answers, ask

pytestmark = pytest.mark.integration
ENDLESS = ask("Tell me a joke.", temperature=2.0, top_p=1.0, max_new_tokens=900)


@pytest.fixture
def engine(build):
    return build("ctranslate2")


@pytest.fixture
def small(tiny, request):
    """Builds an engine with other limits."""

    def built(**limits):
        engine = Ct2Engine(tiny.catalogue, threads=1, **limits)
        request.addfinalizer(engine.close)
        return engine

    return built


def test_the_version_used_longest_ago_leaves_memory_first(small):
    engine = small(loaded_models=2)
    for name in ("base", "first", "base", "second"):
        engine.load(name)
    assert engine.models() == ["base", "second"]


def test_a_version_that_leaves_memory_finishes_the_reply_it_is_writing(small):
    engine = small(loaded_models=1)
    deltas = engine.generate([ask("What is the capital of France?")])
    text = next(deltas).text
    engine.load("first")
    assert text + "".join(delta.text for delta in deltas) == "The capital of France is Paris."


def test_a_batch_may_need_more_versions_than_stay_in_memory(small):
    engine = small(loaded_models=1)
    replies = answers(engine, *[ask("Hello", name) for name in ("base", "first", "second")])
    assert all(reply.finish for reply in replies)
    assert engine.models() == ["second"]


def test_a_chat_does_not_wait_for_the_end_of_an_arenas_batch(small):
    engine = small(limits=Limits(places=2))
    engine.load("base")
    arena = engine.generate([replace(ENDLESS, model="first")] * 8)
    next(arena)
    with ThreadPoolExecutor(1) as reader:
        arena_ends = reader.submit(lambda: (list(arena), monotonic())[1])
        person = Caller("a page", Priority.INTERACTIVE)
        [chat] = answers(engine, *with_caller(person, [ask("What is two plus two?")]))
        chat_ends = monotonic()
    assert chat.text == "Two plus two is four."
    assert chat_ends < arena_ends.result()


def test_what_waits_in_line_can_be_given_up(small):
    engine = small(limits=Limits(places=1, reserved=0))
    running = engine.generate([ENDLESS] * 8)
    next(running)
    running.close()
    assert answers(engine, ask("What is two plus two?"))[0].finish == "stop"


def test_a_reader_learns_that_the_engine_was_shut_down(engine):
    deltas = engine.generate([ENDLESS] * 8)
    next(deltas)
    engine.close()
    with pytest.raises(EngineUnavailable, match="shut down"):
        list(deltas)


def test_a_version_without_a_conversion_says_what_to_do(tiny):
    engine = Ct2Engine(lambda name: replace(tiny.catalogue("base"), ct2_dir=None))
    with pytest.raises(EngineUnavailable, match="CODELYNN_ENGINE=transformers"):
        engine.load("base")
    engine.close()


def test_a_damaged_conversion_says_what_to_do(tiny, tmp_path):
    engine = Ct2Engine(lambda name: replace(tiny.catalogue("base"), ct2_dir=tmp_path))
    with pytest.raises(EngineUnavailable, match="publish it again"):
        engine.generate([ask("Hello")])
    engine.close()


def test_the_number_of_threads_is_measured_where_none_is_set(tiny):
    engine = Ct2Engine(tiny.catalogue)
    assert answers(engine, ask("What is two plus two?"))[0].text == "Two plus two is four."
    engine.close()
