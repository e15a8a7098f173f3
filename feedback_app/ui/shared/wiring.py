"""Small helpers for events of the pages."""

import time
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")

REMEMBER_OPEN = "(id) => { window.codelynn.remember(id); }"
"""Keeps the id of what is open in the page's address, so that a refresh finds it."""

CHANGED = "() => { window.dispatchEvent(new Event('codelynn:changed')); }"
"""Tells the head of the page that the steps or the colours may be others now."""


def at_most(seconds: float, items: Iterator[T]) -> Iterator[T]:
    """The items, but not more often than every `seconds`; the last one always."""
    due, held = 0.0, None
    for item in items:
        now = time.monotonic()
        if now >= due:
            due, held = now + seconds, None
            yield item
        else:
            held = item
    if held is not None:
        yield held
