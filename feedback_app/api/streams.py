"""Generators as HTTP bodies that end when the client leaves."""

from collections.abc import AsyncIterator, Generator
from typing import TypeVar

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

T = TypeVar("T")


async def until_gone(parts: Generator[T, None, None]) -> AsyncIterator[T]:
    """The parts, drawn in a thread. A client that leaves closes the generator at once, not at garbage collection:
    a reply nobody reads must not go on being written."""
    try:
        async for part in iterate_in_threadpool(parts):
            yield part
    finally:
        await run_in_threadpool(parts.close)
