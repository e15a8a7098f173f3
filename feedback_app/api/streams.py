"""Work for one HTTP request that ends when the client disconnects.

Each call runs in a thread of its own: requests that wait for the engine must not occupy the server's thread pool, which answers pages
and votes.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import suppress
from itertools import chain
from threading import Lock
from typing import Final, Generic, TypeVar

from anyio import CancelScope, CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import Request

from feedback_app.engines.base import Caller, Priority

T = TypeVar("T")
INTERACTIVE_HEADER = "codelynn-interactive"
"""A client sends `1` if a person waits for the answer, as `codelynn chat` does. Such a request has priority."""


class _End:
    pass


END: Final = _End()


def asker_of(request: Request) -> Caller:
    """The client of a request, identified by remote address and access token."""
    key = hashlib.sha256(request.headers.get("authorization", "").encode()).hexdigest()[:16]
    host = request.client.host if request.client else ""
    person = request.headers.get(INTERACTIVE_HEADER) == "1"
    return Caller(f"{host} {key}", Priority.INTERACTIVE if person else Priority.API)


async def whole(request: Request, caller: Caller, work: Callable[[], T]) -> T:
    """The result of `work`, which runs in a thread. If the client disconnects, `caller.leave()` ends the work early."""
    watching = asyncio.create_task(_watch(request, caller))
    try:
        return await run_sync(work, limiter=CapacityLimiter(1), abandon_on_cancel=True)
    except asyncio.CancelledError:
        caller.leave()
        raise
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def until_gone(
    parts: Generator[T, None, None], leave: Callable[[], object] = lambda: None
) -> AsyncIterator[T]:
    """Iterate over the generator in threads. When the client disconnects, `leave` is called, which must wake a waiting generator. Then the
    generator is closed at once, not at garbage collection: a reply that nobody reads must stop."""
    drawn = _Drawn(parts)
    try:
        while not isinstance(part := await drawn.next(), _End):
            yield part
    finally:
        leave()
        with CancelScope(shield=True):
            await run_sync(drawn.close, limiter=CapacityLimiter(1))


def begun(parts: Generator[T, None, None]) -> Generator[T, None, None]:
    """The same generator with its first item fetched, so that an error before it can still be answered with its status."""
    first = next(parts, END)
    return _closing(parts, () if isinstance(first, _End) else (first,))


def _closing(parts: Generator[T, None, None], first: tuple[T, ...]) -> Generator[T, None, None]:
    try:
        yield from chain(first, parts)
    finally:
        parts.close()


class _Drawn(Generic[T]):
    """A generator that one thread reads and another closes, never both at once."""

    def __init__(self, parts: Generator[T, None, None]) -> None:
        self._parts = parts
        self._lock = Lock()

    async def next(self) -> T | _End:
        return await run_sync(self._next, limiter=CapacityLimiter(1), abandon_on_cancel=True)

    def _next(self) -> T | _End:
        with self._lock:
            return next(self._parts, END)

    def close(self) -> None:
        with self._lock:
            self._parts.close()


async def _watch(request: Request, caller: Caller) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
    caller.leave()
