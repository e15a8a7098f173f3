"""transformers and PEFT: any architecture, on one GPU or the CPU.

There is one base model and a LoRA adapter per version; a batch may mix versions, sampling settings and seeds. The same
requests in the same batch give the same replies. In another batch a seed gives the same random numbers, but padding changes
the logits by rounding errors, which can change a token.
"""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

import torch
from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from feedback_app.engines.adapters import AdapterModel
from feedback_app.engines.base import (
    Caller,
    Catalogue,
    Delta,
    EngineUnavailable,
    GenerationRequest,
    ModelVersion,
    Priority,
)
from feedback_app.engines.batching import Tokenized, tokenized
from feedback_app.engines.detokenize import ReplyStream
from feedback_app.engines.request_queue import Limits
from feedback_app.engines.sampling import RowSampler
from feedback_app.engines.scheduler import Scheduler
from feedback_app.engines.streaming import Emit, stream
from feedback_app.engines.tokenizer import ChatTokenizer


class TransformersEngine:
    """Batches and loading run one after another in one thread, in the order of `RequestQueue`."""

    def __init__(
        self, catalogue: Catalogue, threads: int = 0, loaded_models: int = 3, limits: Limits | None = None
    ) -> None:
        """`threads`: CPU threads of torch, 0 for its default. `loaded_models`: versions kept in memory. `limits`: see `Limits`."""
        self._catalogue = catalogue
        self._model = AdapterModel(loaded_models)
        self._tokenizers: dict[Path, ChatTokenizer] = {}
        one_place = replace(limits or Limits(), places=1, reserved=0)
        self._scheduler = Scheduler(one_place, "transformers-batch")
        self._closed = Event()
        if threads:
            torch.set_num_threads(threads)

    def generate(self, requests: Sequence[GenerationRequest]) -> Generator[Delta, None, None]:
        """See Engine. Raises immediately: UnknownModel, EngineUnavailable, EngineBusy, InvalidPrompt."""
        self._check_open()
        caller = requests[0].caller if requests else Caller()
        self._scheduler.check(caller)
        versions = {one.model: self._catalogue(one.model) for one in requests}
        batch = []
        for place, request in enumerate(requests):
            tokenizer = self._tokenizer(versions[request.model])
            batch.append(tokenized(place, request, tokenizer, tokenizer.window))
        stop = Event()

        def start(emit: Emit) -> list[Future[None]]:
            work = partial(self._run, versions, batch, emit, stop)
            return self._scheduler.submit(caller, [(0, work)] if batch else [])

        return stream(start, stop.set, caller, self._scheduler.limits.seconds, self._scheduler.too_late)

    def models(self) -> list[str]:
        return self._model.names()

    def load(self, name: str) -> None:
        self._check_open()
        load = partial(self._model.load, self._catalogue(name))
        [loaded] = self._scheduler.submit(Caller(priority=Priority.INTERACTIVE), [(0, load)])
        loaded.result()

    def close(self) -> None:
        """Stop the running batch and free the model."""
        self._closed.set()
        self._scheduler.shutdown()
        self._model.clear()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise EngineUnavailable("the engine is shut down: start the service again")

    def _tokenizer(self, version: ModelVersion) -> ChatTokenizer:
        if version.base_dir not in self._tokenizers:
            self._tokenizers[version.base_dir] = ChatTokenizer(version.base_dir)
        return self._tokenizers[version.base_dir]

    def _run(
        self, versions: dict[str, ModelVersion], batch: Sequence[Tokenized], emit: Emit, stop: Event
    ) -> None:
        """Run one batch in the engine's thread."""
        for version in versions.values():
            if not self._stopping(stop):
                self._model.load(version, in_use=versions)
        if not self._stopping(stop):
            tokenizer = self._tokenizer(versions[batch[0].request.model])
            self._write(tokenizer, batch, emit, stop)
        if self._closed.is_set() and not stop.is_set():
            raise EngineUnavailable("the engine was shut down: start the service again")

    def _write(self, tokenizer: ChatTokenizer, batch: Sequence[Tokenized], emit: Emit, stop: Event) -> None:
        device = self._model.device
        pad = min(tokenizer.stop_ids, default=0)
        ids, mask = _left_padded([one.ids for one in batch], pad)
        replies = [
            ReplyStream(one.index, one.limit, tokenizer.stop_ids, tokenizer.decode, len(one.ids))
            for one in batch
        ]
        rows = [(one.request.sampling, one.request.seed) for one in batch]
        self._model.generate(
            [one.request.model for one in batch],
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            generation_config=GenerationConfig(  # type: ignore[no-untyped-call]
                max_new_tokens=max(one.limit for one in batch),
                do_sample=False,
                pad_token_id=pad,
                eos_token_id=sorted(tokenizer.stop_ids) or None,
            ),
            logits_processor=LogitsProcessorList([RowSampler(rows, device, ids.shape[1])]),
            stopping_criteria=StoppingCriteriaList([_Watcher(replies, emit, lambda: self._stopping(stop))]),
        )

    def _stopping(self, stop: Event) -> bool:
        return stop.is_set() or self._closed.is_set()


class _Watcher(StoppingCriteria):
    """Watches every step of a batch: emits its deltas and returns which rows are done."""

    def __init__(self, replies: Sequence[ReplyStream], emit: Emit, stopping: Callable[[], bool]) -> None:
        self._replies = replies
        self._emit = emit
        self._stopping = stopping

    def __call__(self, input_ids: torch.LongTensor, scores: object, **_: object) -> torch.Tensor:
        """`input_ids`: (rows, length) prompts with the tokens written so far. Returns (rows,) booleans."""
        for reply, token_id in zip(self._replies, input_ids[:, -1].tolist(), strict=True):
            delta = None if reply.finished else reply.push(token_id)
            if delta:
                self._emit(delta)
        stopping = self._stopping()
        return torch.tensor([stopping or reply.finished for reply in self._replies], device=input_ids.device)


def _left_padded(prompts: Sequence[Sequence[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and attention mask, both (rows, longest prompt)."""
    longest = max(len(prompt) for prompt in prompts)
    ids = [[pad] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(ids), torch.tensor(mask)
