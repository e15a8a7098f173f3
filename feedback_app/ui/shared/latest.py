"""Which stream an open page listens to: an older one falls silent as soon as a newer one begins.

Gradio's own `cancels` loses the newer stream where the older one was cancelled before it had begun.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import gradio as gr

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Latest:
    """The last stream of each open page, by Gradio's session."""

    streams: dict[str, object] = field(default_factory=dict)

    def only(self, request: gr.Request, items: Iterable[T]) -> Iterator[T]:
        """The items, until the same page begins another stream."""
        session, mine = str(request.session_hash), object()
        self.streams[session] = mine
        for item in items:
            if self.streams.get(session) is not mine:
                return
            yield item

    def forget(self, request: gr.Request) -> None:
        """The page was closed."""
        self.streams.pop(str(request.session_hash), None)
