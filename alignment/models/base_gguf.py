"""GGUF files as base models: they are checked, then unpacked to float32 once."""

from pathlib import Path
from typing import Any

from alignment.models.base_check import chat_template, check_tokenizer
from alignment.models.base_refused import BaseModelUnavailable, refused_where

NOT_WHOLE = (ValueError, IndexError, KeyError, OverflowError, MemoryError, OSError, UnicodeDecodeError)
"""Errors of reading a truncated file or another format."""


def check_gguf(file: Path) -> None:
    """Raise BaseModelUnavailable unless this is a whole chat model of a kind that can be unpacked."""
    fields = _fields(file)
    architecture = _text(fields.get("general.architecture"))
    if architecture not in _known():
        raise BaseModelUnavailable(
            f"{file.name}: models of the kind {architecture or 'unknown'} cannot be unpacked from GGUF: "
            "give the model's folder of safetensors, or another model"
        )
    if not _text(fields.get("tokenizer.chat_template")).strip():
        raise BaseModelUnavailable(
            f"{file.name} has no chat template, so it was not trained to chat: "
            "choose its instruct version (often named -it, -instruct or -chat)"
        )
    tokenizer = _tokenizer(file)
    if not chat_template(tokenizer):
        tokenizer.chat_template = _text(fields["tokenizer.chat_template"])
    check_tokenizer(tokenizer, file.name, len(fields["tokenizer.ggml.tokens"].data))


def unpack_gguf(file: Path, target: Path) -> None:
    """Write safetensors, settings and tokenizer; without `dequantize` the model could not be trained."""
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    settings = GgufConfig(dequantize=True)
    try:
        model = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, quantization_config=settings, dtype=torch.float32
        )
    except (*NOT_WHOLE, RuntimeError, TypeError, NotImplementedError, AttributeError) as error:
        raise BaseModelUnavailable(f"{file.name} cannot be unpacked ({type(error).__name__})") from error
    model.save_pretrained(target)
    _tokenizer(file).save_pretrained(target)


def _fields(file: Path) -> dict[str, Any]:
    """The metadata of the file, after a check that its tensors lie within it. Nothing is unpacked."""
    from gguf import GGUFReader

    try:
        with file.open("rb") as content:
            if content.read(4) != b"GGUF":
                raise BaseModelUnavailable(f"{file.name} is no GGUF file")
        reader = GGUFReader(file)
        end = max((tensor.data_offset + tensor.n_bytes for tensor in reader.tensors), default=0)
    except NOT_WHOLE as error:
        raise BaseModelUnavailable(f"{file.name} is not whole: download it again") from error
    if not reader.tensors or int(end) > file.stat().st_size:
        raise BaseModelUnavailable(f"{file.name} is not whole: download it again")
    return dict(reader.fields)


def _tokenizer(file: Path) -> Any:
    from transformers import AutoTokenizer

    with refused_where(f"{file.name} has no usable tokenizer"):
        return AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)


def _known() -> set[str]:
    from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

    return set(GGUF_SUPPORTED_ARCHITECTURES) - {"general", "tokenizer"}


def _text(field: Any) -> str:
    """A field's text; empty where there is none."""
    value = "" if field is None else field.contents()
    return value if isinstance(value, str) else ""
