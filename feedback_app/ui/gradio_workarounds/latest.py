"""`cancels` stops every run of a function on a page, also the new run that was meant to replace the old one.

Gradio finds what to cancel by session and function, not by event. Where a page starts a stream and cancels the one before it, the
new stream can end as well. So streams are not cancelled here: an older one ends by itself as soon as a newer one starts.

Upstream: gradio-app/gradio issue 13323 ("cancels does not remove pending events from the queue", closed) is about the opposite
fault of the same lookup. No upstream issue about the loss of the newer event was found on 2026-11-29.
`tests/unit/ui/gradio_workarounds/test_latest.py` fails once Gradio cancels by event.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import gradio as gr

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest stream of each open page, by Gradio's session."""

    streams: dict[str, object] = field(default_factory=dict)

    def only(self, request: gr.Request, items: Iterable[T]) -> Iterator[T]:
        """The items, until the same page starts another stream."""
        session, mine = str(request.session_hash), object()
        self.streams[session] = mine
        for item in items:
            if self.streams.get(session) is not mine:
                return
            yield item

    def forget(self, request: gr.Request) -> None:
        """The page was closed."""
        self.streams.pop(str(request.session_hash), None)
