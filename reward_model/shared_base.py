"""A trained reward model as another adapter of a base model in memory, so that the weights are loaded once."""

from pathlib import Path
from typing import Any

from peft import PeftConfig, set_peft_model_state_dict
from safetensors.torch import load_file

from reward_model.collate import Tokenizer
from reward_model.fit import Reward, on_network
from reward_model.network import ADAPTER, HEAD, RewardNetwork, read_head

Model = Any
"""A peft PeftModel around a causal language model."""

PREFIX = "base_model.model."


def load_reward_beside(model: Model, tokenizer: Tokenizer, folder: Path, name: str) -> Reward:
    """The reward model in `folder` as the adapter `name` of `model`. It scores correctly only while that adapter is
    active. Raises OSError, ValueError on broken files or a reward model of another architecture."""
    decoder = model.get_base_model().get_decoder()
    _add_adapter(model, decoder, folder, name)
    head, tie_threshold, max_length = read_head(folder / HEAD)
    network = RewardNetwork(decoder, tokenizer, head.to(model.device), max_length, tie_threshold)
    return on_network(network, folder)


def _add_adapter(model: Model, decoder: Model, folder: Path, name: str) -> None:
    """A reward model has no output layer, so the names of its weights lack the prefix of the language model around them."""
    model.add_adapter(name, PeftConfig.from_pretrained(str(folder)))
    whole = model.get_base_model()
    inside = next(path for path, part in whole.named_modules() if part is decoder)
    stored = load_file(folder / ADAPTER)
    renamed = {f"{PREFIX}{inside}.{key.removeprefix(PREFIX)}": value for key, value in stored.items()}
    load_result: Any = set_peft_model_state_dict(model, renamed, adapter_name=name)
    missing = [key for key in load_result.missing_keys if f".{name}." in key]
    if load_result.unexpected_keys or missing:
        raise ValueError(f"the reward model {folder.name} does not fit this base model")
