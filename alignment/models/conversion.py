"""Conversion to CTranslate2 int8, which answers about three times as fast on a CPU as PyTorch does."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from ctranslate2.converters import TransformersConverter

from alignment.models.chat_template import Tokenizer
from alignment.models.loading import Model

NOT_KNOWN = (ValueError, NotImplementedError, KeyError, AttributeError, TypeError, IndexError, RuntimeError)
"""What the converter raises at models that are not quite of a kind it knows."""


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
    """The converter, handed a model instead of loading one: a merged model need not be written out first."""

    def __init__(self, base_dir: Path, model: Model, tokenizer: Tokenizer) -> None:
        super().__init__(str(base_dir))
        self._model = model
        self._tokenizer = tokenizer

    def load_model(self, *args: Any, **kwargs: Any) -> Model:
        return self._model

    def load_tokenizer(self, *args: Any, **kwargs: Any) -> Tokenizer:
        """The converter writes down a first token, which our prompts bring themselves: models without one get their end."""
        if self._tokenizer.bos_token is not None:
            return self._tokenizer
        tokenizer = deepcopy(self._tokenizer)
        tokenizer.bos_token = tokenizer.eos_token
        return tokenizer
