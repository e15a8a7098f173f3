"""Checks the weights in a folder against its config.json, from the headers of the files, before anything is copied."""

from pathlib import Path
from typing import Any

from alignment.models.base_refused import BaseModelUnavailable, refused_where


def check_weights(folder: Path, name: str, config: Any) -> None:
    """Raise BaseModelUnavailable unless every weight that the model needs is there, in its shape. transformers would fill in what is
    missing with random numbers."""
    lacking = _lacking(folder, name, config)
    if lacking:
        raise BaseModelUnavailable(
            f"{lacking} of the weights that config.json of {name} asks for are missing or of another shape: download it again"
        )


def _lacking(folder: Path, name: str, config: Any) -> int:
    """How many. The model is loaded without its numbers, which takes no memory."""
    from transformers import AutoModelForCausalLM

    quantized = getattr(config, "quantization_config", None) is not None
    why = "is quantized in a way that cannot be used here" if quantized else "cannot be loaded"
    with refused_where(f"{name} {why}", ": choose another version of it"):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            device_map="meta",
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        )
    report = loaded[1]
    return len(report["missing_keys"]) + len(report["mismatched_keys"])
