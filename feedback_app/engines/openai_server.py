"""Generates replies on an OpenAI-compatible server such as vLLM, which batches concurrent requests.

Seeds are passed on; the server may ignore them. `base` is the server's model of that name, else the first that it lists.
Every other version is served under its own name and loaded as a LoRA adapter if necessary. Each version gets a new name,
because vLLM can serve stale cache blocks for an adapter reloaded under an old one.
"""

import asyncio
import re
from collections.abc import Coroutine, Generator, Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

from feedback_app.domain.comparison import Message, PromptTooLong
from feedback_app.engines.base import (
    Caller,
    Catalogue,
    Delta,
    EngineUnavailable,
    GenerationRequest,
    ModelVersion,
)
from feedback_app.engines.openai_client import OpenAiClient, TooLong
from feedback_app.engines.prompt_window import CUT, disarmed, without_oldest
from feedback_app.engines.streaming import Emit, stream

# The server's tokenizer is not available; these are the usual control tokens of chat templates.
CONTROL = re.compile(r"(?=<\|[^\s|<>]+\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>).")
ZERO_WIDTH = "\u200b"

T = TypeVar("T")


class OpenAiServerEngine:
    """Each request is one HTTP call. All calls run concurrently in an event loop of this engine."""

    def __init__(self, catalogue: Catalogue, url: str, api_key: str = "") -> None:
        """`url` ends in `/v1`. Raises EngineUnavailable if it is empty."""
        if not url:
            raise EngineUnavailable("the engine `openai` needs an address: set CODELYNN_ENGINE_URL")
        self._catalogue = catalogue
        self._loop = _LoopThread()
        self._client = OpenAiClient(url, api_key)
        self._loading = asyncio.Lock()

    def generate(self, requests: Sequence[GenerationRequest]) -> Generator[Delta, None, None]:
        """See Engine. Raises UnknownModel immediately, and EngineUnavailable and PromptTooLong while streaming."""
        self._loop.check_open()
        versions = [self._catalogue(request.model) for request in requests]
        caller = requests[0].caller if requests else Caller()
        return stream(
            lambda emit: [
                self._loop.submit(self._answer(index, request, version, emit))
                for index, (request, version) in enumerate(zip(requests, versions, strict=True))
            ],
            lambda: None,  # cancelling the calls, which `stream` does, closes their connections
            caller,
        )

    def models(self) -> list[str]:
        """The models that the server lists, with its base model as `base`."""
        served = self._loop.submit(self._client.served()).result()
        return ["base" if name == _base_name(served) else name for name in served]

    def load(self, name: str) -> None:
        self._loop.check_open()
        self._loop.submit(self._served_as(self._catalogue(name))).result()

    def close(self) -> None:
        """Cancel all calls."""
        self._loop.close(self._client.close())

    async def _served_as(self, version: ModelVersion) -> str:
        """The server's name for the version, which is loaded if necessary."""
        async with self._loading:
            served = await self._client.served()
            if version.adapter_dir is None:
                return _base_name(served)
            if version.name not in served:
                await self._client.load_adapter(version.name, version.adapter_dir)
        return version.name

    async def _answer(
        self, index: int, request: GenerationRequest, version: ModelVersion, emit: Emit
    ) -> None:
        name = await self._served_as(version)
        messages = request.messages
        while True:
            try:
                async for chunk in self._client.reply(_body(name, messages, request)):
                    emit(Delta(index, chunk.text, chunk.finish, chunk.prompt_tokens, chunk.new_tokens))
            except TooLong as refused:
                messages = _shortened(messages, refused.over)
            else:
                return


class _LoopThread:
    """An event loop in its own thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="openai-engine", daemon=True)
        self._thread.start()

    def check_open(self) -> None:
        if self._loop.is_closed():
            raise EngineUnavailable("the engine is shut down: start the service again")

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self, last: Coroutine[Any, Any, None]) -> None:
        """Cancel all tasks, run `last`, and end the thread."""
        if self._loop.is_closed():
            last.close()
            return
        self.submit(_cancel_others()).result()
        self.submit(last).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _base_name(served: Sequence[str]) -> str:
    if not served:
        raise EngineUnavailable("the model server serves no model: start it with one")
    return "base" if "base" in served else served[0]


def _body(name: str, messages: Sequence[Message], request: GenerationRequest) -> dict[str, Any]:
    """The request body. `top_k` and `repetition_penalty` are left out, because some servers refuse them."""
    sampling = request.sampling
    return {
        "model": name,
        "messages": [
            {"role": message.role, "content": disarmed(message.content, CONTROL).replace(CUT, ZERO_WIDTH)}
            for message in messages
        ],
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_new_tokens,
        "seed": request.seed,
        **({"stop": list(request.stops)} if request.stops else {}),
    }


def _shortened(messages: Sequence[Message], over: int | None) -> tuple[Message, ...]:
    """The conversation without its oldest turn. Raises PromptTooLong if only one turn is left."""
    system = tuple(messages[:1]) if messages[0].role == "system" else ()
    turns = without_oldest(tuple(messages[len(system) :]))
    if not turns:
        more = "" if over is None else f"{over:,} tokens "
        raise PromptTooLong(f"the prompt is {more}longer than the server's model can read: shorten it")
    return (*system, *turns)
