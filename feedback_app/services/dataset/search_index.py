"""Keeps the search index up to date, in a thread of its own."""

import threading
from time import perf_counter

import structlog
from sqlalchemy.exc import DBAPIError

from feedback_app.store import Store

log = structlog.get_logger()
POLL_SECONDS = 2.0
CLOSE_SECONDS = 5.0
QUIET_POLLS = 5
"""Polls without a change before the index is compacted."""
LONGEST_WAIT = 60.0


class SearchIndex:
    """Indexes comparisons that changed. Between two steps it leaves the database and the processor to others for as long as a step
    took. When nothing changes, it removes what deleted texts left in the index."""

    def __init__(self, store: Store, poll_seconds: float = POLL_SECONDS) -> None:
        self._index = store.search_index
        self._poll = poll_seconds
        self._closing = threading.Event()
        self._quiet = 0
        self._thread = threading.Thread(target=self._run, name="search-index", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End the thread after the step it is in."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        wait, failures = 0.0, 0
        while not self._closing.wait(wait):
            try:
                wait, failures = self._step(), 0
            except DBAPIError as error:
                failures += 1
                wait = min(LONGEST_WAIT, self._poll * 2**failures)
                log.warning(
                    "the search index waits for the database", error=type(error).__name__, seconds=wait
                )

    def _step(self) -> float:
        """Index or compact; return the seconds to wait before the next step."""
        began = perf_counter()
        if self._index.step():
            self._quiet = 0
            return perf_counter() - began
        self._quiet += 1
        if self._quiet > QUIET_POLLS and self._index.compact():
            return perf_counter() - began
        return self._poll
