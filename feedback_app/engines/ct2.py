"""CTranslate2: int8 models on CPU, the default engine.

Seeds: CTranslate2 draws from one generator per thread, seeded once for the whole process when the thread first samples
(`ctranslate2.set_random_seed` has no effect after that). A request's seed can therefore not be honoured: the same
request gives the same reply at temperature 0 only. Replies within a batch are drawn independently of each other.
"""

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import ctranslate2

from feedback_app.domain.comparison import Sampling
from feedback_app.engines.base import Catalogue, Delta, EngineUnavailable, GenerationRequest
from feedback_app.engines.batching import Tokenized, batches, tokenized
from feedback_app.engines.ct2_models import LoadedModel, LoadedModels
from feedback_app.engines.detokenize import Reply
from feedback_app.engines.streaming import Emit, stream

SAME_BATCH_SLACK = 32
"""Tokens by which prompts in a batch may differ in length; see `batches`."""

Job = tuple[LoadedModel, list[Tokenized]]


class Ct2Engine:
    """Requests for one model are one batch; at most `concurrent` batches run at once, first come, first served.

    A chat thus starts beside an arena's batch instead of after it, and more than that wait in order.
    """

    def __init__(
        self, catalogue: Catalogue, threads: int = 0, loaded_models: int = 3, concurrent: int = 2
    ) -> None:
        """`threads`: CPU threads of one batch, 0 for what proves fastest. `loaded_models`: versions kept in memory."""
        self._models = LoadedModels(catalogue, threads, concurrent, loaded_models)
        self._pool = ThreadPoolExecutor(concurrent, thread_name_prefix="ct2-batch")
        self._closed = Event()

    def generate(self, requests: Sequence[GenerationRequest]) -> Generator[Delta, None, None]:
        """See Engine. Raises at once: UnknownModel, EngineUnavailable, InvalidPrompt."""
        self._check_open()
        loaded = {name: self._models.get(name) for name in dict.fromkeys(one.model for one in requests)}
        prompts = [
            tokenized(place, request, loaded[request.model].tokenizer)
            for place, request in enumerate(requests)
        ]
        jobs = [(loaded[batch[0].request.model], batch) for batch in batches(prompts, SAME_BATCH_SLACK)]
        stop = Event()
        return stream(
            lambda emit: [self._pool.submit(self._run, job, emit, stop) for job in jobs],
            stop.set,
        )

    def models(self) -> list[str]:
        return self._models.names()

    def load(self, name: str) -> None:
        self._check_open()
        self._models.get(name)

    def close(self) -> None:
        """Stop every batch and free the models."""
        self._closed.set()
        self._pool.shutdown(wait=True)
        self._models.clear()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise EngineUnavailable("the engine is shut down: start the service again")

    def _run(self, job: Job, emit: Emit, stop: Event) -> None:
        """One batch, from a thread of the pool."""
        model, batch = job
        tokenizer = model.tokenizer
        replies = [
            Reply(one.index, one.limit, tokenizer.stop_ids, tokenizer.decode, len(one.ids)) for one in batch
        ]
        if not self._stopping(stop):
            model.generator.generate_batch(
                [tokenizer.tokens(one.ids) for one in batch],
                max_length=max(one.limit for one in batch),
                end_token=sorted(tokenizer.stop_ids),
                include_prompt_in_result=False,
                callback=partial(self._on_token, replies, emit, stop),
                **_sampling(batch[0].request.sampling),
            )
        if self._closed.is_set() and not stop.is_set():
            raise EngineUnavailable("the engine was shut down: start the service again")

    def _on_token(
        self, replies: list[Reply], emit: Emit, stop: Event, step: ctranslate2.GenerationStepResult
    ) -> bool:
        """Called for every new token, end tokens too. True ends that one reply."""
        reply = replies[step.batch_id]
        if delta := reply.push(step.token_id):
            emit(delta)
        return reply.finished or self._stopping(stop)

    def _stopping(self, stop: Event) -> bool:
        return stop.is_set() or self._closed.is_set()


def _sampling(sampling: Sampling) -> dict[str, float | int]:
    """CTranslate2's names; a `sampling_topk` of 1 is greedy, 0 is no limit."""
    penalty = {"repetition_penalty": sampling.repetition_penalty}
    if sampling.temperature == 0:
        return {"sampling_topk": 1, **penalty}
    return {
        **penalty,
        "sampling_temperature": sampling.temperature,
        "sampling_topp": sampling.top_p,
        "sampling_topk": sampling.top_k,
    }
