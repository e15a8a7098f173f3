"""The settings of PPO, and the memory that is asked for before it starts."""

import pytest

from alignment.contract.configs.ppo import PpoConfig
from alignment.contract.errors import InvalidConfig, RoundRefused
from alignment.contract.methods import round_config
from alignment.models.memory_check import refuse_too_little


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"rollout_size": 15}, "rollout_size must be a multiple of minibatches, which is 2"),
        ({"episodes": 8}, "episodes must be at least rollout_size, which is 16"),
        ({"lora_dropout": 0.1}, "lora_dropout must be 0"),
        ({"precision": "bf16"}, "precision must be auto"),
        ({"max_length": 40}, "max_new_tokens must be below max_length"),
        ({"beta": 0.1}, "there is no setting 'beta'"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused_with_the_reason(
    overrides: dict[str, object], reason: str
) -> None:
    with pytest.raises(InvalidConfig, match=reason):
        round_config("ppo", overrides)


@pytest.mark.parametrize("scheduler", ["linear", "cosine", "constant", "constant_with_warmup"])
def test_the_learning_rate_rises_to_its_peak_and_never_beyond(scheduler: str) -> None:
    config = PpoConfig.model_validate({"scheduler": scheduler, "warmup": 0.25})
    rates = [config.rate(number / config.updates) for number in range(config.updates)]
    assert all(0 < rate <= 1 for rate in rates)
    assert max(rates) == pytest.approx(1)
    assert (rates[0] < rates[3]) == (scheduler != "constant")
    assert (rates[-1] < 0.2) == (scheduler in ("linear", "cosine"))


def test_too_little_memory_is_said_before_training_starts() -> None:
    with pytest.raises(RoundRefused, match=r"needs about 3\.0 GB of memory and 1\.0 GB are free"):
        refuse_too_little(3e9, available=1e9)
    refuse_too_little(1e9, available=3e9)
