"""The methods on the Rounds page: those there are, with the settings they have."""

from typing import get_args

import pytest

from alignment.contract.methods import POLICY_CONFIGS, round_config
from feedback_app.services.rounds.training_data import NEEDS
from feedback_app.ui.rounds.methods import METHODS, about, settings, usual
from feedback_app.ui.rounds.presets import PRESETS
from reward_model.config import RewardConfig

FILLED = {"learning_rate": "1e-5", "beta": "0.2", "epochs": " 3 ", "steps": "64", "online_repeats": "2"}


def test_page_service_and_trainer_know_the_same_methods() -> None:
    assert set(METHODS) == set(NEEDS) == set(get_args(MethodName)) == {*POLICY_CONFIGS, "reward"}


@pytest.mark.parametrize("method", METHODS)
def test_the_trainer_takes_every_setting_that_the_page_offers(method: str) -> None:
    given = settings(method, dict(FILLED), first=True, sft_first=True)
    config = round_config(method, given).model_dump()
    assert given["learning_rate"] == "1e-5"
    assert config["learning_rate"] == 1e-5
    assert config.get("epochs", 3) == 3
    fields = RewardConfig.model_fields if method == "reward" else POLICY_CONFIGS[method].model_fields
    missing = {"beta", "epochs", "steps", "online_repeats"} & set(fields) - set(given)
    assert missing == set()


@pytest.mark.parametrize("method", METHODS)
def test_what_is_called_usual_is_the_default(method: str) -> None:
    view, config = METHODS[method], round_config(method, {}).model_dump()
    for name, words in usual(view).items():
        assert not words or name == "epochs" or float(words) == config[view.names.get(name, name)]


def test_empty_fields_keep_their_defaults_and_strange_ones_are_left_out() -> None:
    assert settings("dpo", {"learning_rate": " ", "beta": None}, first=False, sft_first=False) == {}
    assert settings("reward", {"beta": "1", "steps": "3"}, first=True, sft_first=True) == {}
    assert settings("sft", {"epochs": "2"}, first=True, sft_first=True) == {"epochs": "2", "reward": True}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_what_it_learns_from_and_what_it_needs(method: str) -> None:
    assert len(METHODS[method].learns.split()) > 5
    assert "Needs" in about(method)


def test_every_preset_asks_for_stages_that_its_method_may_have() -> None:
    for preset in PRESETS.values():
        view = METHODS[preset.method]
        assert view.reward or not preset.first
        assert view.sft or not preset.sft_first
