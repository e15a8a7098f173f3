"""Small helpers for events of the pages."""

import time
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")

REMEMBER_OPEN = "(id) => { window.codelynn.remember(id); }"
"""JavaScript that writes the id of what is open into the page's address, so that a refresh opens it again."""

CHANGED = "() => { window.dispatchEvent(new Event('codelynn:changed')); }"
"""JavaScript that reads the steps and the colours again, because they may have changed."""


def at_most(seconds: float, items: Iterator[T]) -> Iterator[T]:
    """The items, at most one every `seconds`. The last item always comes."""
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
