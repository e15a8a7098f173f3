"""Work for one HTTP request that ends when the client leaves.

Each call runs in a thread beside the server's own pool: requests that wait for the engine must not take the threads that
pages and votes are answered with.
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

from feedback_app.engines.base import Asker, Priority

T = TypeVar("T")
INTERACTIVE_HEADER = "codelynn-interactive"
"""A client sends `1` where a person waits at a prompt, as `codelynn chat` does: such a request goes before others."""


class _End:
    pass


END: Final = _End()


def asker_of(request: Request) -> Asker:
    """Who asks: clients are told apart by remote address and access token."""
    key = hashlib.sha256(request.headers.get("authorization", "").encode()).hexdigest()[:16]
    host = request.client.host if request.client else ""
    person = request.headers.get(INTERACTIVE_HEADER) == "1"
    return Asker(f"{host} {key}", Priority.INTERACTIVE if person else Priority.API)


async def whole(request: Request, asker: Asker, work: Callable[[], T]) -> T:
    """What `work` gives, from a thread. A client that leaves makes the asker leave, which ends the work early."""
    watching = asyncio.create_task(_watch(request, asker))
    try:
        return await run_sync(work, limiter=CapacityLimiter(1), abandon_on_cancel=True)
    except asyncio.CancelledError:
        asker.leave()
        raise
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def until_gone(
    parts: Generator[T, None, None], leave: Callable[[], object] = lambda: None
) -> AsyncIterator[T]:
    """The parts, drawn in threads. When the client leaves, `leave` is called, which must wake a part that waits; then the
    generator is closed at once and not at garbage collection: a reply nobody reads must not go on being written."""
    drawn = _Drawn(parts)
    try:
        while not isinstance(part := await drawn.next(), _End):
            yield part
    finally:
        leave()
        with CancelScope(shield=True):
            await run_sync(drawn.close, limiter=CapacityLimiter(1))


def begun(parts: Generator[T, None, None]) -> Generator[T, None, None]:
    """The same parts, the first of which is there already: an error before it can still be answered by its status."""
    first = next(parts, END)
    return _closing(parts, () if isinstance(first, _End) else (first,))


def _closing(parts: Generator[T, None, None], first: tuple[T, ...]) -> Generator[T, None, None]:
    try:
        yield from chain(first, parts)
    finally:
        parts.close()


class _Drawn(Generic[T]):
    """A generator drawn by one thread and closed by another, never both at once."""

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


async def _watch(request: Request, asker: Asker) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
    asker.leave()
