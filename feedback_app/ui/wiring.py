"""Small helpers for events of the pages."""

import time
from collections.abc import Iterator
from typing import Literal, TypeVar

T = TypeVar("T")

REMEMBER_OPEN = "(id) => { window.codelynn.remember(id); }"
"""Keeps the id of what is open in the page's address, so that a refresh finds it."""

HIDDEN: Literal["hidden"] = "hidden"
"""On the page, but not seen. Gradio 6.31 builds a part that is not on the page only when it is first shown, and gives it
the updates it missed then, after newer ones: a button was offered again that the newest update had taken away. For buttons
only: columns and choices do not hide."""


def seen(on: bool) -> Literal[True, "hidden"]:
    """The `visible` of a button."""
    return True if on else HIDDEN


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
