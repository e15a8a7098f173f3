"""Keeps the most recently used CTranslate2 models in memory."""

import json
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

import ctranslate2

from feedback_app.domain.comparison import Message
from feedback_app.engines.base import Catalogue, EngineUnavailable, ModelVersion
from feedback_app.engines.memory import LARGEST_SHARE, BatchMemory, budget_for
from feedback_app.engines.threads import best_threads
from feedback_app.engines.tokenizer import ChatTokenizer

NOTES = "threads.json"
"""The file next to a prepared base model with the measured number of threads."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory. `share` is the number of bytes that one batch may use."""

    generator: ctranslate2.Generator
    tokenizer: ChatTokenizer
    memory: BatchMemory
    share: int

    @property
    def window(self) -> int:
        """The maximum tokens of a prompt with its reply: limited by the model and by memory."""
        return min(self.tokenizer.window, self.memory.window(self.share))

    def replies(self, prompt: int, new: int) -> int:
        """How many replies of at most `new` tokens fit into one batch."""
        return self.memory.replies(prompt, new, self.share)


class LoadedModels:
    """At most `limit` models; the least recently used is dropped first. A running batch keeps its model until it ends."""

    def __init__(
        self, catalogue: Catalogue, threads: int, concurrent: int, limit: int, megabytes: int = 0
    ) -> None:
        """`threads`: CPU threads per batch, 0 to measure with the first model. `concurrent`: batches of one model that run at once
        and share its weights. `megabytes`: see `budget_for`."""
        self._catalogue = catalogue
        self._threads = threads
        self._concurrent = concurrent
        self._limit = limit
        self._megabytes = megabytes
        self.budget = 0
        """Bytes for all running batches; set when the first model is loaded."""
        self._models: OrderedDict[str, LoadedModel] = OrderedDict()
        self._tokenizers: dict[Path, ChatTokenizer] = {}
        self._lock = Lock()

    def get(self, name: str) -> LoadedModel:
        """The model of that version, loaded if necessary. Raises UnknownModel, EngineUnavailable."""
        version = self._catalogue(name)
        with self._lock:
            if name not in self._models:
                loaded = self._read(version)
                while len(self._models) >= self._limit:
                    self._models.popitem(last=False)
                self._models[name] = loaded
            self._models.move_to_end(name)
            return self._models[name]

    def names(self) -> list[str]:
        with self._lock:
            return list(self._models)

    def clear(self) -> None:
        with self._lock:
            self._models.clear()

    def _read(self, version: ModelVersion) -> LoadedModel:
        if version.ct2_dir is None:
            raise EngineUnavailable(
                f"{version.name} has no CTranslate2 conversion: set CODELYNN_ENGINE=transformers, or publish it again"
            )
        if version.base_dir not in self._tokenizers:
            self._tokenizers[version.base_dir] = ChatTokenizer(version.base_dir)
        tokenizer = self._tokenizers[version.base_dir]
        try:
            if not self._threads:
                prompt = tokenizer.tokens(tokenizer.encode((Message("user", "Hello"),)))
                opening = partial(self._open, version.ct2_dir)
                notes = version.base_dir.parent / NOTES
                self._threads = best_threads(version.ct2_dir, opening, prompt, notes)
            self.budget = budget_for((version.ct2_dir / "model.bin").stat().st_size, self._megabytes)
            memory = BatchMemory.of(json.loads((version.base_dir / "config.json").read_text("utf-8")))
            share = int(self.budget * LARGEST_SHARE)
            return LoadedModel(self._open(version.ct2_dir, self._threads), tokenizer, memory, share)
        except (OSError, RuntimeError, ValueError) as error:
            raise EngineUnavailable(
                f"{version.name} cannot be loaded from {version.ct2_dir}: publish it again"
            ) from error

    def _open(self, folder: Path, threads: int) -> ctranslate2.Generator:
        return ctranslate2.Generator(
            str(folder), device="cpu", inter_threads=self._concurrent, intra_threads=threads
        )
