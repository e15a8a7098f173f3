"""Client of an OpenAI-compatible server: lists models, loads adapters, streams replies.

Errors never contain the server's answer, because it may quote the prompt.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from feedback_app.engines.base import EngineUnavailable

TIMEOUT = httpx.Timeout(connect=5, read=300, write=30, pool=None)
BUSY = frozenset({429, 502, 503, 504})
TOO_LONG = re.compile(r"context[ _](length|size|window)|too many tokens|maximum model length", re.IGNORECASE)


class TooLong(Exception):
    """The conversation does not fit the server's model. `over` is the number of excess tokens, if the server names it."""

    def __init__(self, over: int | None = None) -> None:
        super().__init__(over)
        self.over = over


class _Refused(Exception):
    """An answer with a status other than 2xx."""

    def __init__(self, status: int, too_long: TooLong | None) -> None:
        super().__init__(status)
        self.status = status
        self.too_long = too_long


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a reply. `new_tokens` is the server's count in the last piece and the number of pieces before that."""

    text: str
    finish: Literal["stop", "length"] | None
    prompt_tokens: int = 0
    new_tokens: int = 0


class OpenAiClient:
    """Used from one event loop."""

    def __init__(self, url: str, api_key: str) -> None:
        """`url`: the base address, ending in `/v1`."""
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        # Prompts go to the named server only: ignore proxies from the environment.
        self._http = httpx.AsyncClient(headers=headers, timeout=TIMEOUT, trust_env=False)

    async def served(self) -> list[str]:
        """The ids of the models that the server lists, in its order. Raises EngineUnavailable."""
        async with self._request("GET", "/models") as response:
            listed = json.loads(await response.aread())
        return [str(model["id"]) for model in listed["data"]]

    async def load_adapter(self, name: str, folder: Path) -> None:
        """Load the LoRA adapter in `folder` into vLLM as `name`. Raises EngineUnavailable."""
        body = {"lora_name": name, "lora_path": str(folder)}
        try:
            async with self._request("POST", "/load_lora_adapter", body):
                return
        except EngineUnavailable as error:
            raise EngineUnavailable(
                f"the model server does not serve {name} and could not load it: start vLLM with --enable-lora and "
                f"VLLM_ALLOW_RUNTIME_LORA_UPDATING=True where it can read {folder}, or serve it under that name"
            ) from error

    async def reply(self, body: Mapping[str, Any]) -> AsyncIterator[Chunk]:
        """Stream one reply. The last piece comes after the server's token counts. Raises TooLong, EngineUnavailable."""
        request = {**body, "stream": True, "stream_options": {"include_usage": True}}
        async with self._request("POST", "/chat/completions", request) as response:
            last: Chunk | None = None
            usage: dict[str, int] = {}
            pieces = 0
            async for line in response.aiter_lines():
                event = _event(line)
                usage = event.get("usage") or usage
                chunk = _chunk(event)
                if chunk and not last:
                    pieces += bool(chunk.text)
                    last = chunk if chunk.finish else None
                    if not last:
                        yield replace(chunk, new_tokens=pieces)
        if not last:
            raise EngineUnavailable("the model server ended a reply in the middle: try again, or see its log")
        prompt, new = usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or pieces
        yield replace(last, prompt_tokens=prompt, new_tokens=new)

    async def close(self) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """Send a request and yield the answer with its body unread. Only failures before that are retried."""
        try:
            response: httpx.Response = await _retrying()(self._open, method, path, body)
            try:
                yield response
            finally:
                await response.aclose()
        except _Refused as error:
            if error.too_long:
                raise error.too_long from None
            raise EngineUnavailable(_explained(error.status)) from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise EngineUnavailable(
                f"no answer from the model server at {self._url} ({type(error).__name__}): start it, or correct CODELYNN_ENGINE_URL"
            ) from None
        except (ValueError, KeyError, TypeError):
            raise EngineUnavailable(
                f"{self._url} does not answer like an OpenAI-compatible server: correct CODELYNN_ENGINE_URL"
            ) from None

    async def _open(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        request = self._http.build_request(method, self._url + path, json=body)
        response = await self._http.send(request, stream=True)
        if response.is_success:
            return response
        answer = (await response.aread()).decode(errors="replace")
        await response.aclose()
        too_long = response.status_code == 400 and TOO_LONG.search(answer) is not None
        raise _Refused(response.status_code, TooLong(excess(answer)) if too_long else None)


def excess(answer: str) -> int | None:
    """The number of excess tokens in a server's refusal (vLLM's and OpenAI's wording, llama.cpp's fields); None if it does not
    say."""
    limit = re.search(r"(?:maximum (?:context|model) length is|\"n_ctx\":)\s*(\d+)", answer)
    requested = re.search(r"(?:total of at least|\"n_prompt_tokens\":)\s*(\d+)", answer) or re.search(
        r"(?:requested|resulted in)\s*(\d+) tokens", answer
    )
    over = int(requested[1]) - int(limit[1]) if limit and requested else 0
    return over if over > 0 else None


def _retrying() -> AsyncRetrying:
    return AsyncRetrying(
        retry=retry_if_exception(_is_temporary),
        stop=stop_after_attempt(3),
        wait=wait_exponential_jitter(multiplier=0.2, max=2, jitter=0.2),
        reraise=True,
    )


def _is_temporary(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment."""
    if isinstance(error, _Refused):
        return error.status in BUSY
    return isinstance(error, httpx.NetworkError | httpx.ConnectTimeout | httpx.RemoteProtocolError)


def _explained(status: int) -> str:
    if status in {401, 403}:
        return "the model server refuses the key: set CODELYNN_ENGINE_API_KEY"
    if status == 404:
        return "the model server does not know this address or model: correct CODELYNN_ENGINE_URL (it ends in /v1)"
    if status in BUSY:
        return f"the model server is overloaded or starting (status {status}): try again in a moment"
    return f"the model server answered with status {status}: see its log"


def _event(line: str) -> dict[str, Any]:
    """Parse a line of the event stream; empty for comments, keep-alives and the end mark."""
    if not line.startswith("data:") or line[5:].strip() == "[DONE]":
        return {}
    event: dict[str, Any] = json.loads(line[5:])
    if "error" in event:
        raise EngineUnavailable("the model server failed in the middle of a reply: try again, or see its log")
    return event


def _chunk(event: Mapping[str, Any]) -> Chunk | None:
    """The piece of the reply in an event, if any."""
    if not event or not event["choices"]:
        return None
    choice = event["choices"][0]
    text = choice["delta"].get("content") or ""
    reason = choice.get("finish_reason")
    finish: Literal["stop", "length"] | None = "length" if reason == "length" else "stop" if reason else None
    return Chunk(text, finish) if text or finish else None
