"""LoRA adapters: making one, writing it to files, and checking whether training changed it."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import save_file
from transformers.pytorch_utils import Conv1D

from alignment.checkpoints.registry import ADAPTER_FILES, adapter_tensors, tensors_hash
from alignment.contract.configs.policy import PolicyConfig
from alignment.contract.files import read_json, write_json
from alignment.models.loading import Model


class NothingLearned(RuntimeError):
    """Training ended without a changed adapter."""


def lora_config(config: PolicyConfig, base: Model) -> LoraConfig:
    """The LoRA settings as PEFT's config for this base model."""
    layers = int(base.config.get_text_config().num_hidden_layers)
    targets = config.lora_targets
    adapted = math.ceil(config.lora_depth * layers)
    return LoraConfig(
        r=config.lora_r,
        lora_alpha=config.lora_alpha,  # type: ignore[arg-type]  # PEFT accepts any number
        lora_dropout=config.lora_dropout,
        target_modules=linear_layers(base) if targets == ("all-linear",) else list(targets),
        # The backward pass ends at the first adapted layer: half the layers, half of its time and memory.
        layers_to_transform=list(range(layers - adapted, layers)) if adapted < layers else None,
        task_type="CAUSAL_LM",
    )


def linear_layers(base: Model) -> list[str]:
    """The names of all linear layers but the output head, which is what PEFT calls "all-linear".

    They are listed because PEFT cannot combine "all-linear" with a choice of layers.
    """
    head = base.get_output_embeddings()
    kinds = (torch.nn.Linear, Conv1D)
    named = base.named_modules()
    return sorted(
        {name.rsplit(".", 1)[-1] for name, part in named if isinstance(part, kinds) and part is not head}
    )


def weights(model: Model) -> dict[str, torch.Tensor]:
    """A copy of the trained adapter's weights, under the names PEFT stores them."""
    state = get_peft_model_state_dict(model, adapter_name="default", save_embedding_layers=False)
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in state.items()}


def trainable_parameters(model: Model) -> int:
    """Number of weights that training can change. Raises NothingLearned if there are none."""
    count = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    if count == 0:
        raise NothingLearned("no weight of the model is trainable, so training would change nothing")
    return int(count)


def change(before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor]) -> float:
    """L2 norm of the difference. Raises NothingLearned if the weights are the same or not numbers any more."""
    if tensors_hash(before) == tensors_hash(after):
        raise NothingLearned("training ended with the adapter it began with: nothing was learned")
    squares = [float((after[name].double() - before[name].double()).square().sum()) for name in after]
    norm = math.sqrt(sum(squares))
    if not norm < float("inf"):
        raise NothingLearned("training ended in weights that are not numbers: lower learning_rate")
    return norm


def save_adapter(
    folder: Path, tensors: Mapping[str, torch.Tensor], config: PeftConfig, base_name: str
) -> None:
    """Write the two files of an adapter: the weights as safetensors, and the settings as JSON without paths of this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(tensors), folder / ADAPTER_FILES[0], metadata={"format": "pt"})
    config.save_pretrained(str(folder))
    settings: dict[str, Any] = read_json(folder / ADAPTER_FILES[1])
    settings |= {"base_model_name_or_path": base_name, "inference_mode": True}
    if isinstance(settings.get("target_modules"), list):
        settings["target_modules"].sort()  # PEFT keeps a set: its order differs from run to run
    write_json(folder / ADAPTER_FILES[1], json.loads(json.dumps(settings, sort_keys=True)))


def go_on_from(model: Model, adapter_dir: Path) -> None:
    """Load the weights in `adapter_dir` into the adapter that is trained. A reference adapter does not change."""
    set_peft_model_state_dict(model, adapter_tensors(adapter_dir), adapter_name="default")


def continue_adapter(base: Model, adapter_dir: Path) -> Model:
    """The base model with a published adapter that training continues."""
    return PeftModel.from_pretrained(base, str(adapter_dir), is_trainable=True)
