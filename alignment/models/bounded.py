"""Programs of others, which may never end: the chat templates of models."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

TEMPLATE = "<template>"
"""What jinja2 calls the code that it makes of a template."""


class NeverEnds(RuntimeError):
    """A template was not done in its time."""


@contextmanager
def templates_within(seconds: float) -> Iterator[None]:
    """Raises NeverEnds inside a template that this thread renders for longer. Each of its lines is watched, so it is slower."""
    until = time.monotonic() + seconds

    def watch(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename != TEMPLATE:
            return None
        if time.monotonic() > until:
            raise NeverEnds
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(before)
