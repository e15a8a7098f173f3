"""Which engine writes the replies."""

from pathlib import Path

import pytest

from feedback_app.engines.base import EngineUnavailable, ModelVersion
from feedback_app.engines.ct2 import Ct2Engine
from feedback_app.engines.openai_server import OpenAiServerEngine
from feedback_app.engines.selection import DeferredEngine, build_engine
from feedback_app.settings import Settings
from tests.fakes import ScriptedEngine


def settings(**values):
    return Settings(**{"engine_url": "", **values})


def catalogue(name):
    return ModelVersion(name, Path("base"), None, Path("ct2"))


def closing(engine):
    engine.close()
    return engine


def test_an_address_makes_auto_a_server():
    engine = closing(build_engine("auto", catalogue, settings(engine_url="http://127.0.0.1:9/v1")))
    assert isinstance(engine, OpenAiServerEngine)


def test_a_server_without_an_address_says_which_setting_is_missing():
    with pytest.raises(EngineUnavailable, match="CODELYNN_ENGINE_URL"):
        build_engine("openai", catalogue, settings())


def test_an_engine_asked_for_by_name_is_built():
    assert isinstance(closing(build_engine("ctranslate2", catalogue, settings())), Ct2Engine)


def test_auto_asks_for_the_base_model_only_when_a_reply_is_wanted():
    asked = []

    def unprepared(name):
        asked.append(name)
        raise EngineUnavailable("no base model")

    engine = build_engine("auto", unprepared, settings())
    assert engine.models() == []
    assert asked == []
    with pytest.raises(EngineUnavailable, match="no base model"):
        engine.load("base")
    assert asked == ["base"]
    engine.close()


def test_a_deferred_engine_is_built_once_and_closed_if_it_was_built():
    built = []

    def build():
        built.append(ScriptedEngine())
        return built[-1]

    engine = DeferredEngine(build)
    engine.load("base")
    engine.load("base")
    engine.close()
    assert [one.closed for one in built] == [True]
    assert engine.models() == ["base"]
