"""Conversion to CTranslate2 int8, which answers about three times as fast on a CPU as PyTorch does."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from ctranslate2.converters import TransformersConverter

from alignment.models.chat_template import Tokenizer
from alignment.models.loading import Model

NOT_KNOWN = (ValueError, NotImplementedError, KeyError, AttributeError, TypeError, IndexError, RuntimeError)
"""Errors of the converter for models that differ slightly from a known architecture."""


class NotConvertible(RuntimeError):
    """CTranslate2 does not know this kind of model."""


def convert_model(model: Model, tokenizer: Tokenizer, base_dir: Path, target: Path) -> None:
    """Write the int8 conversion of a model in memory to `target`; `base_dir` holds its config. Raises NotConvertible."""
    converter = _InMemory(base_dir, model, tokenizer)
    try:
        converter.convert(str(target), quantization="int8", force=True)
    except NOT_KNOWN:
        raise NotConvertible(f"CTranslate2 does not convert {type(model).__name__}") from None


class _InMemory(TransformersConverter):  # type: ignore[misc]
    """A converter for a model in memory, so that a merged model need not be saved first."""

    def __init__(self, base_dir: Path, model: Model, tokenizer: Tokenizer) -> None:
        super().__init__(str(base_dir))
        self._model = model
        self._tokenizer = tokenizer

    def load_model(self, *args: Any, **kwargs: Any) -> Model:
        return self._model

    def load_tokenizer(self, *args: Any, **kwargs: Any) -> Tokenizer:
        """The converter stores a begin token. Prompts here contain their own, so models without one get the end token."""
        if self._tokenizer.bos_token is not None:
            return self._tokenizer
        tokenizer = deepcopy(self._tokenizer)
        tokenizer.bos_token = tokenizer.eos_token
        return tokenizer
