"""Which methods there are, and the settings of a round of each."""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from alignment.configs.dpo import DpoConfig
from alignment.configs.kto import KtoConfig
from alignment.configs.policy import PolicyConfig
from alignment.configs.ppo import PpoConfig
from alignment.configs.rloo import RlooConfig
from alignment.configs.sft import SftConfig
from reward_model.config import RewardConfig

Method = Literal["dpo", "kto", "ppo", "rloo", "sft", "reward"]
Config = TypeVar("Config", bound=BaseModel)

POLICY_CONFIGS: dict[str, type[PolicyConfig]] = {
    "dpo": DpoConfig,
    "kto": KtoConfig,
    "ppo": PpoConfig,
    "rloo": RlooConfig,
    "sft": SftConfig,
}
"""The settings of each method that trains the chat model."""


class RoundRefused(ValueError):
    """The round cannot start: its spec or its data is not usable. One line that says why, without any text of the data."""


class InvalidConfig(RoundRefused):
    """A setting that does not exist or has a value that is not allowed."""


def reward_config(overrides: Mapping[str, Any]) -> RewardConfig:
    """The defaults with `overrides`. Raises InvalidConfig: one line with the field and what is allowed."""
    return _checked(RewardConfig, overrides)


def round_config(method: str, overrides: Mapping[str, Any]) -> PolicyConfig | RewardConfig:
    """The settings of a round of this method. Raises InvalidConfig."""
    if method == "reward":
        return reward_config(overrides)
    if method not in POLICY_CONFIGS:
        raise InvalidConfig(f"method: there is no {method!r}; there are: {', '.join(get_args(Method))}")
    return _checked(POLICY_CONFIGS[method], overrides)


def _checked(kind: type[Config], overrides: Mapping[str, Any]) -> Config:
    for name, value in overrides.items():
        field = kind.model_fields.get(name)
        if field is not None and isinstance(value, bool) is not (field.annotation is bool):
            raise InvalidConfig(
                f"{name}: {'must not' if isinstance(value, bool) else 'must'} be true or false"
            )
    try:
        return kind.model_validate(dict(overrides))
    except ValidationError as error:
        raise InvalidConfig(_first_problem(kind, error)) from None


def _first_problem(kind: type[BaseModel], error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"there is no setting {field!r}; there are: {', '.join(kind.model_fields)}"
    message = problem["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return f"{field}: {message}" if field else message
