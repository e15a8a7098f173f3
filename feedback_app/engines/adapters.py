"""One base model in memory with the LoRA adapters of the versions in use."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from feedback_app.engines.base import EngineUnavailable, ModelVersion

NO_ADAPTER = "__base__"
"""PEFT's name for a row without an adapter in a batch of mixed adapters."""


class AdapterModel:
    """Not thread-safe: the engine uses it from one thread."""

    def __init__(self, limit: int) -> None:
        """`limit`: adapters kept in memory."""
        self._limit = limit
        self._base_dir: Path | None = None
        self._model: Any = None
        self._keys: OrderedDict[str, str] = (
            OrderedDict()
        )  # version name → PEFT's adapter name, latest use last
        self._loads = 0

    def names(self) -> list[str]:
        return list(self._keys)

    def load(self, version: ModelVersion, in_use: Collection[str] = ()) -> None:
        """Load the version; versions `in_use` stay in memory. Raises EngineUnavailable."""
        if self._model is None:
            self._model = _base(version.base_dir)
            self._base_dir = version.base_dir
        if version.base_dir != self._base_dir:
            raise EngineUnavailable(
                f"{version.name} belongs to another base model: start the service with that one"
            )
        if version.name not in self._keys:
            self._keys[version.name] = self._add(version)
        self._keys.move_to_end(version.name)
        self._drop_surplus({*in_use, version.name})

    @property
    def device(self) -> torch.device:
        device: torch.device = self._model.device
        return device

    def generate(self, names: Sequence[str], **arguments: Any) -> None:
        """Run `transformers.generate` with row i answered by version `names[i]`."""
        mixed = (
            {"adapter_names": [self._keys[name] for name in names]}
            if isinstance(self._model, PeftModel)
            else {}
        )
        with torch.inference_mode():
            self._model.generate(**arguments, **mixed)

    def clear(self) -> None:
        self._model, self._base_dir = None, None
        self._keys.clear()

    def _add(self, version: ModelVersion) -> str:
        """Load the adapter and return PEFT's name for it. The name is numbered, because version names may contain dots."""
        if version.adapter_dir is None:
            return NO_ADAPTER
        if not (version.adapter_dir / "adapter_model.safetensors").is_file():
            raise EngineUnavailable(
                f"{version.name} has no adapter in {version.adapter_dir}: publish it again"
            )
        self._loads += 1
        key = f"adapter{self._loads}"
        if isinstance(self._model, PeftModel):
            self._model.load_adapter(str(version.adapter_dir), adapter_name=key, is_trainable=False)
        else:
            self._model = PeftModel.from_pretrained(self._model, str(version.adapter_dir), adapter_name=key)
        self._model.eval()
        self._model.set_adapter(
            key, inference_mode=True
        )  # PEFT warns if the active one is deleted: never the newest
        return key

    def _drop_surplus(self, keep: Collection[str]) -> None:
        adapters = [name for name, key in self._keys.items() if key != NO_ADAPTER]
        surplus = max(0, len(adapters) - self._limit)
        for name in [name for name in adapters if name not in keep][:surplus]:
            self._model.delete_adapter(self._keys.pop(name))


def _base(folder: Path) -> Any:
    """The base model: on the GPU in bfloat16 if there is one, else on the CPU. Raises EngineUnavailable."""
    gpu = torch.cuda.is_available()
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.bfloat16 if gpu else torch.float32,
            use_safetensors=True,
            local_files_only=True,
        )
    except (OSError, ValueError) as error:
        raise EngineUnavailable(f"the base model in {folder} cannot be loaded: prepare it again") from error
    return model.cuda().eval() if gpu else model.eval()
