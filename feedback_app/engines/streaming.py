"""Streams the results of work in other threads to one reader."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError, Future, wait
from queue import Empty, SimpleQueue

from feedback_app.engines.base import Caller, Delta, EngineUnavailable

Emit = Callable[[Delta], None]


def stream(
    start: Callable[[Emit], Sequence[Future[None]]],
    stop: Callable[[], None],
    caller: Caller,
    patience: float | None = None,
    too_late: Callable[[], Exception] = TimeoutError,
) -> Generator[Delta, None, None]:
    """Yield the deltas of all the work that `start` begins, in the order they arrive.

    Raises what the work raises, and `too_late()` if none of it has begun after `patience` seconds. When the reader closes
    the generator, or the caller leaves, it calls `stop` and waits until the work has ended.
    """
    events: SimpleQueue[Delta | Future[None] | None] = SimpleQueue()
    caller.on_change(lambda: events.put(None))
    futures = start(events.put)
    for future in futures:
        future.add_done_callback(events.put)
    running = len(futures)
    try:
        while running and not caller.left:
            event = _next(events, futures, patience, too_late)
            if isinstance(event, Delta):
                yield event
            elif event is not None:
                running -= 1
                _check(event)
    finally:
        stop()
        for future in futures:
            future.cancel()
        wait(futures)


def _next(
    events: "SimpleQueue[Delta | Future[None] | None]",
    futures: Sequence[Future[None]],
    patience: float | None,
    too_late: Callable[[], Exception],
) -> Delta | Future[None] | None:
    try:
        return events.get(timeout=patience)
    except Empty:
        if any(future.running() or future.done() for future in futures):
            return None
        raise too_late() from None


def _check(future: Future[None]) -> None:
    try:
        future.result()
    except CancelledError:
        raise EngineUnavailable("the engine was shut down: start the service again") from None
