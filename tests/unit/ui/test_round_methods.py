"""The methods on the Rounds page: those there are, with the settings they have."""

import json
from typing import get_args

import pytest

from alignment.contract.methods import METHODS, MethodName, round_config
from alignment.methods.training import POLICY_METHODS, training_of
from feedback_app.ui.rounds.methods import (
    PRESETS,
    about,
    choices,
    offers_reward_model,
    offers_sft,
    setting_names,
    settings,
    usual,
)

FILLED = {"learning_rate": "1e-5", "beta": "0.2", "epochs": " 3 ", "steps": "64", "online_repeats": "2"}


def test_the_table_holds_every_method_and_each_has_a_module_that_trains_it() -> None:
    assert set(METHODS) == set(get_args(MethodName)) == {*POLICY_METHODS, "reward"}
    assert [name for _, name in choices()] == list(METHODS)
    assert all(callable(training_of(name).train) for name in POLICY_METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_the_trainer_takes_every_setting_that_the_page_offers(method: str) -> None:
    given = settings(method, dict(FILLED), first=True, sft_first=True)
    config = round_config(method, given).model_dump()
    assert config["learning_rate"] == 1e-5
    assert set(setting_names(method).values()) <= set(given)
    assert config.get("epochs", 3) == 3


@pytest.mark.parametrize("method", METHODS)
def test_what_is_called_usual_is_the_default(method: str) -> None:
    config, names = round_config(method, {}).model_dump(), setting_names(method)
    for setting, words in usual(method).items():
        assert bool(words) == (setting in names)
        default = config[names[setting]] if words else None
        assert default is None or json.loads(words) == default


def test_empty_fields_keep_their_defaults_and_strange_ones_are_left_out() -> None:
    assert settings("dpo", {"learning_rate": " ", "beta": None}, first=False, sft_first=False) == {}
    assert settings("reward", {"beta": "1", "steps": "3"}, first=True, sft_first=True) == {}
    assert settings("sft", {"epochs": "2"}, first=True, sft_first=True) == {"epochs": "2", "reward": True}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_what_it_learns_from_and_what_it_needs(method: str) -> None:
    assert "Needs" in about(method)


def test_every_preset_asks_for_stages_that_its_method_may_have() -> None:
    for preset in PRESETS.values():
        assert offers_reward_model(preset.method) or not preset.first
        assert offers_sft(preset.method) or not preset.sft_first
