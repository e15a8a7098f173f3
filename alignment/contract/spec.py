"""`spec.json`: the description of a round. It is the only input of the trainer."""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from alignment.contract.configs.dpo import DpoConfig
from alignment.contract.configs.online import OnlineConfig
from alignment.contract.configs.policy import PolicyConfig
from alignment.contract.durations import sft_config
from alignment.contract.errors import InvalidSpec
from alignment.contract.files import read_json, write_json
from alignment.contract.methods import DEFAULT_METHOD, MethodName, RoundConfig, round_config
from alignment.contract.thresholds import Thresholds
from reward_model.config import RewardConfig

SPEC_FILE = "spec.json"
Settings = TypeVar("Settings", bound=PolicyConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSpec:
    """What a round trains, from which data, and into which folders. `threads` 0 means all cores but one, `processes` 0 one per GPU.

    `parent` is the version that training starts from (`parent_adapter` None: the base model), `champion` the one that the gate compares with.
    A CTranslate2 conversion is expected next to its model: `base_dir/../ct2`, `adapter/../ct2`.
    `perplexity_pack` has lines {"domain", "text"}, `heldout_prompts` and each of `prompt_packs` lines {"prompt"}: the gate's,
    which are never trained on, and those that methods train on which write their own replies. `pretraining_texts` has
    lines {"text"}. `expected_seconds`: how long the whole round may take. `reward_dir` is where a reward model goes that is trained in this round, `current_reward` the one there was before, of the same base.
    """

    round_id: str
    base_dir: Path
    snapshot_dir: Path
    checkpoint_name: str
    checkpoint_dir: Path
    perplexity_pack: Path
    heldout_prompts: Path
    method: MethodName = DEFAULT_METHOD
    seed: int = 0
    base_name: str = "base"
    parent: str = "base"
    parent_adapter: Path | None = None
    champion: str = "base"
    champion_adapter: Path | None = None
    system_prompt: str = ""
    threads: int = 0
    processes: int = 0
    convert: bool = True
    config: RoundConfig = field(default_factory=DpoConfig)
    thresholds: Thresholds = field(default_factory=Thresholds)
    min_pairs: int = 8
    reward_dir: Path | None = None
    current_reward: Path | None = None
    prompt_packs: tuple[Path, ...] = ()
    pretraining_texts: Path | None = None
    expected_seconds: float | None = None

    @property
    def policy(self) -> PolicyConfig:
        """The settings that all methods for the chat model share. Raises InvalidSpec in a round that trains a reward model alone."""
        if not isinstance(self.config, PolicyConfig):
            raise InvalidSpec(
                f"{SPEC_FILE}: config: these are not the settings of a round that trains the chat model"
            )
        return self.config

    def settings(self, kind: type[Settings]) -> Settings:
        """The settings of a method. Raises InvalidSpec in a round of another one."""
        if not isinstance(self.config, kind):
            raise InvalidSpec(f"{SPEC_FILE}: config: these are not the settings of method {self.method}")
        return self.config

    @property
    def repeats(self) -> int:
        """How often the round trains again on fresh replies; 0 for methods that cannot."""
        return self.config.online_repeats if isinstance(self.config, OnlineConfig) else 0

    @property
    def reward(self) -> RewardConfig:
        """The settings of the reward model that this round trains. One trained as a stage of another method gets the defaults."""
        return self.config if isinstance(self.config, RewardConfig) else RewardConfig(seed=self.seed)


def sft_spec(spec: RoundSpec) -> RoundSpec:
    """The spec of the stage on demonstrations that runs before the method: the same adapter, context length and seed, and defaults for the rest."""
    return replace(spec, method="sft", config=sft_config(spec.policy))


def write_spec(folder: Path, spec: RoundSpec) -> None:
    """Write `folder/spec.json`."""
    content = {name: _plain(getattr(spec, name)) for name in _names()}
    write_json(folder / SPEC_FILE, content)


def read_spec(folder: Path) -> RoundSpec:
    """The spec in `folder`. Raises InvalidSpec, InvalidConfig."""
    try:
        content = read_json(folder / SPEC_FILE)
    except OSError:
        raise InvalidSpec(f"{SPEC_FILE} is missing from the round's folder") from None
    except json.JSONDecodeError as error:
        raise InvalidSpec(f"{SPEC_FILE} is not JSON (line {error.lineno})") from None
    if not isinstance(content, dict):
        raise InvalidSpec(f"{SPEC_FILE} must hold one JSON object")
    if unknown := sorted(set(content) - set(_names())):
        raise InvalidSpec(f"{SPEC_FILE} has unknown fields: {', '.join(unknown)}")
    overrides = content.pop("config", {})
    checked = _checked(content)
    return RoundSpec(config=round_config(checked.get("method", DEFAULT_METHOD), overrides), **checked)


def _checked(content: dict[str, Any]) -> dict[str, Any]:
    """The fields other than `config`, each of its declared type."""
    hints = get_type_hints(RoundSpec)
    required = {"round_id", "base_dir", "snapshot_dir", "checkpoint_name", "checkpoint_dir"}
    required |= {"perplexity_pack", "heldout_prompts"}
    if missing := sorted(required - set(content)):
        raise InvalidSpec(f"{SPEC_FILE} lacks: {', '.join(missing)}")
    values = {}
    for name, value in content.items():
        try:
            values[name] = TypeAdapter(hints[name]).validate_python(value)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]["msg"]
            raise InvalidSpec(f"{SPEC_FILE}: {name}: {problem}") from None
    return values


def _names() -> list[str]:
    return [item.name for item in fields(RoundSpec)]


def _plain(value: Any) -> Any:
    match value:
        case Path():
            return str(value)
        case tuple():
            return [_plain(item) for item in value]
        case PolicyConfig() | RewardConfig():
            return value.model_dump(mode="json")
        case Thresholds():
            return asdict(value)
        case _:
            return value
