"""The methods of training: one row each. A new method is a row here and a module `alignment/methods/<name>.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from alignment.contract.amounts import Amounts
from alignment.contract.configs.dpo import DpoConfig
from alignment.contract.configs.kto import KtoConfig
from alignment.contract.configs.policy import PolicyConfig
from alignment.contract.configs.ppo import PpoConfig
from alignment.contract.configs.rloo import RlooConfig
from alignment.contract.configs.sft import SftConfig
from alignment.contract.errors import InvalidConfig
from alignment.contract.training_time import (
    dpo_seconds,
    kto_seconds,
    ppo_seconds,
    reward_seconds,
    rloo_seconds,
    sft_seconds,
)
from reward_model.config import RewardConfig

MethodName = Literal["dpo", "kto", "sft", "ppo", "rloo", "reward"]
Need = Literal["pairs", "ratings", "demonstrations", "reward_model", "pretraining_texts"]
RoundConfig = PolicyConfig | RewardConfig
Config = TypeVar("Config", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Method:
    """`label` and `help` are what pages and the command line show. `needs` is what a round cannot start without. `seconds` is
    how long training takes, from its settings and amounts. `grows_with` names the setting that decides how long it takes;
    empty: the number of examples decides. `sft_first`: training on demonstrations may go before."""

    label: str
    help: str
    config: type[RoundConfig]
    needs: tuple[Need, ...]
    seconds: Callable[[Any, Amounts], float]
    grows_with: str = ""
    sft_first: bool = True

    @property
    def trains_policy(self) -> bool:
        """Whether it makes a new version of the chat model."""
        return issubclass(self.config, PolicyConfig)


METHODS: Mapping[MethodName, Method] = {
    "dpo": Method(
        "DPO",
        "Direct preference optimisation makes the reply you preferred likelier than the other. Needs rankings. "
        "To train again on new replies, it also needs a reward model.",
        DpoConfig,
        ("pairs",),
        dpo_seconds,
    ),
    "kto": Method(
        "KTO",
        "Learns from single replies that are good or bad: thumbs, imported ratings, and both replies of a ranked pair. "
        "Needs good and bad replies. To train again on new replies, it also needs a reward model.",
        KtoConfig,
        ("ratings",),
        kto_seconds,
    ),
    "sft": Method(
        "SFT",
        "Supervised fine-tuning on demonstrations: replies that you rewrote or imported. Needs demonstrations.",
        SftConfig,
        ("demonstrations",),
        sft_seconds,
        sft_first=False,
    ),
    "ppo": Method(
        "PPO",
        "Proximal policy optimisation: the model writes replies, a reward model scores them, and the model learns from the "
        "scores. Needs a reward model: tick the box below, or train one first.",
        PpoConfig,
        ("reward_model",),
        ppo_seconds,
        grows_with="episodes",
    ),
    "rloo": Method(
        "RLOO",
        "REINFORCE leave-one-out: the model writes several replies to each prompt, a reward model compares them, and the "
        "model learns from that. Needs a reward model: tick the box below, or train one first.",
        RlooConfig,
        ("reward_model",),
        rloo_seconds,
        grows_with="steps",
    ),
    "reward": Method(
        "Reward model alone",
        "Learns from your rankings which reply you would prefer. It makes no new version of the chat model. Needs rankings.",
        RewardConfig,
        ("pairs",),
        reward_seconds,
        sft_first=False,
    ),
}
DEFAULT_METHOD: MethodName = "dpo"


def method_named(name: str) -> Method:
    """Raises InvalidConfig, which names the methods there are."""
    for known, method in METHODS.items():
        if known == name:
            return method
    raise InvalidConfig(f"method: there is no {name!r}; there are: {', '.join(METHODS)}")


def round_config(method: str, overrides: Mapping[str, Any]) -> RoundConfig:
    """The settings of a round: the method's defaults with `overrides`. Raises InvalidConfig: one line with the field and
    what is allowed."""
    return _checked(method_named(method).config, overrides)


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
