"""CTranslate2: int8 models on CPU, the default engine.

Seeds: CTranslate2 samples from one generator per thread, which is seeded once, when the thread first samples
(`ctranslate2.set_random_seed` has no effect after that). A request's seed is therefore ignored: the same request gives
the same reply at temperature 0 only. Replies within a batch are sampled independently of each other.
"""

from collections.abc import Callable, Generator, Sequence
from functools import partial
from threading import Event
from typing import Any

import ctranslate2

from feedback_app.domain.comparison import SMALLEST, Sampling
from feedback_app.engines.base import Caller, Catalogue, Delta, EngineUnavailable, GenerationRequest
from feedback_app.engines.batching import Tokenized, batches, tokenized
from feedback_app.engines.ct2_models import LoadedModel, LoadedModels
from feedback_app.engines.detokenize import ReplyStream
from feedback_app.engines.memory import return_free_memory
from feedback_app.engines.request_queue import Limits
from feedback_app.engines.scheduler import Scheduler
from feedback_app.engines.streaming import Emit, stream

LARGE_BATCH = 64 * 1024**2
"""A batch of this many bytes is returned to the system at its end even while others run."""

Job = tuple[LoadedModel, list[Tokenized]]


class Ct2Engine:
    """Requests with the same model and prompt form one batch; `RequestQueue` decides the order.

    Reading a prompt cannot be interrupted. To keep this short and memory bounded, a prompt and its reply may have at most
    the tokens that fit into three quarters of the memory budget.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        threads: int = 0,
        loaded_models: int = 3,
        limits: Limits | None = None,
        megabytes: int = 0,
    ) -> None:
        """`threads`: CPU threads per batch, 0 to measure the fastest. `loaded_models`: versions kept in memory.
        `megabytes`: memory for all running batches, 0 for three times the weights."""
        self._scheduler = Scheduler(limits or Limits(), "ct2-batch", self._return_memory)
        places = self._scheduler.limits.places
        self._models = LoadedModels(catalogue, threads, places, loaded_models, megabytes)
        self._closed = Event()

    def generate(self, requests: Sequence[GenerationRequest]) -> Generator[Delta, None, None]:
        """See Engine. Raises immediately: UnknownModel, EngineUnavailable, EngineBusy, InvalidPrompt."""
        self._check_open()
        caller = requests[0].caller if requests else Caller()
        self._scheduler.check(caller)
        jobs = self._jobs(requests)
        stop = Event()
        return stream(
            lambda emit: self._scheduler.submit(
                caller, [(_cost(job), partial(self._run, job, caller, emit, stop)) for job in jobs]
            ),
            stop.set,
            caller,
            self._scheduler.limits.seconds,
            self._scheduler.too_late,
        )

    def _jobs(self, requests: Sequence[GenerationRequest]) -> list[Job]:
        loaded = {name: self._models.get(name) for name in dict.fromkeys(one.model for one in requests)}
        self._scheduler.budget = self._models.budget
        prompts = []
        for place, request in enumerate(requests):
            model = loaded[request.model]
            prompts.append(tokenized(place, request, model.tokenizer, model.window))
        groups = batches(prompts, lambda one: loaded[one.request.model].replies(len(one.ids), one.limit))
        return [(loaded[batch[0].request.model], batch) for batch in groups]

    def _return_memory(self, cost: int) -> None:
        if cost >= LARGE_BATCH or self._scheduler.idle():
            return_free_memory()

    def models(self) -> list[str]:
        return self._models.names()

    def load(self, name: str) -> None:
        self._check_open()
        self._models.get(name)

    def close(self) -> None:
        """Stop every batch and free the models."""
        self._closed.set()
        self._scheduler.shutdown()
        self._models.clear()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise EngineUnavailable("the engine is shut down: start the service again")

    def _run(self, job: Job, caller: Caller, emit: Emit, stop: Event) -> None:
        """Run one batch in a thread of the scheduler."""
        model, batch = job
        tokenizer = model.tokenizer
        replies = [
            ReplyStream(one.index, one.limit, tokenizer.stop_ids, tokenizer.decode, len(one.ids))
            for one in batch
        ]

        def stopping() -> bool:
            return stop.is_set() or caller.left or self._closed.is_set()

        if not stopping():
            model.generator.generate_batch(
                **_prompts(tokenizer.tokens(batch[0].ids), len(batch)),
                max_length=max(one.limit for one in batch),
                end_token=sorted(tokenizer.stop_ids),
                include_prompt_in_result=False,
                callback=partial(_on_token, replies, emit, stopping),
                **sampling_options(batch[0].request.sampling, tokenizer.size),
            )
        if self._closed.is_set() and not stop.is_set():
            raise EngineUnavailable("the engine was shut down: start the service again")


def _cost(job: Job) -> int:
    """The bytes that the batch needs while it runs."""
    model, batch = job
    return model.memory.batch(len(batch[0].ids), max(one.limit for one in batch), len(batch))


def _prompts(tokens: list[str], replies: int) -> dict[str, Any]:
    """The prompt arguments. Several replies to one prompt share the reading of it; a single reply needs no shared state."""
    if replies == 1 or len(tokens) == 1:
        return {"start_tokens": [tokens] * replies}
    shared = {"static_prompt": tokens[:-1], "cache_static_prompt": False}
    return {"start_tokens": [tokens[-1:]] * replies, **shared}


def _on_token(
    replies: list[ReplyStream],
    emit: Emit,
    stopping: Callable[[], bool],
    step: ctranslate2.GenerationStepResult,
) -> bool:
    """Called for every new token, including end tokens. Returns True to end that reply."""
    reply = replies[step.batch_id]
    if delta := reply.push(step.token_id):
        emit(delta)
    return reply.finished or stopping()


def sampling_options(sampling: Sampling, vocabulary: int) -> dict[str, float | int]:
    """Sampling settings under CTranslate2's names. A `sampling_topk` of 1 is greedy, 0 is no limit. CTranslate2 fails on a limit
    beyond the vocabulary, and on a probability or penalty that rounds to zero in 32 bits."""
    penalty = {"repetition_penalty": max(sampling.repetition_penalty, SMALLEST)}
    if sampling.temperature < SMALLEST:
        return {"sampling_topk": 1, **penalty}
    return {
        **penalty,
        "sampling_temperature": sampling.temperature,
        "sampling_topp": max(sampling.top_p, SMALLEST),
        "sampling_topk": sampling.top_k if sampling.top_k < vocabulary else 0,
    }
