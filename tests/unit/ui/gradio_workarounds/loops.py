"""A place for Gradio's parts. Outside of an event loop Gradio makes one that it never closes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_a_loop(act: Callable[[], T]) -> T:
    """What `act` returns when it is called in an event loop. The loop has a thread of its own: Playwright, where browser tests ran
    before, has a loop in this one."""

    async def run() -> T:
        return act()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(run())).result()
