"""A time limit for the chat templates of models, which are foreign programs and may never end."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

TEMPLATE = "<template>"
"""The file name that jinja2 gives to the code of a template."""


class NeverEnds(RuntimeError):
    """A template exceeded its time limit."""


@contextmanager
def templates_within(seconds: float) -> Iterator[None]:
    """Raise NeverEnds in a template that this thread renders for longer. Every line is traced, which makes it slower."""
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
