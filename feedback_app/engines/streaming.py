"""Work that runs elsewhere, handed to one reader as it comes."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import CancelledError, Future, wait
from queue import SimpleQueue

from feedback_app.engines.base import Delta, EngineUnavailable

Emit = Callable[[Delta], None]


def stream(
    start: Callable[[Emit], Sequence[Future[None]]], stop: Callable[[], None]
) -> Generator[Delta, None, None]:
    """Deltas of all the work that `start` sets going, in the order they come.

    Raises what any of the work raises. When the reader leaves, `stop` is called and the work's end awaited.
    """
    events: SimpleQueue[Delta | Future[None]] = SimpleQueue()
    futures = start(events.put)
    for future in futures:
        future.add_done_callback(events.put)
    running = len(futures)
    try:
        while running:
            event = events.get()
            if isinstance(event, Delta):
                yield event
            else:
                running -= 1
                _check(event)
    finally:
        stop()
        for future in futures:
            future.cancel()
        wait(futures)


def _check(future: Future[None]) -> None:
    try:
        future.result()
    except CancelledError:
        raise EngineUnavailable("the engine was shut down: start the service again") from None
