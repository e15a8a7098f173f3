"""Threads that run batches when it is their turn."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock
from time import monotonic

from feedback_app.engines.base import Asker, EngineBusy, EngineUnavailable
from feedback_app.engines.request_queue import Limits, RequestQueue, Ticket

UNBOUNDED = 2**62
FIRST_GUESS_SECONDS = 5.0
NEWEST_SHARE = 0.2
"""Weight of the newest batch in the mean of how long one takes."""
Work = Callable[[], None]


class Scheduler:
    """A pool of threads that takes batches in the order of `RequestQueue`. `afterwards` is called in the batch's thread with its
    cost once it has ended and its reader knows."""

    def __init__(
        self, limits: Limits, name: str, afterwards: Callable[[int], None] = lambda cost: None
    ) -> None:
        self.limits = limits
        self._afterwards = afterwards
        self.budget = UNBOUNDED
        """Bytes that the running batches may take together."""
        self._line = RequestQueue(limits)
        self._work: dict[Ticket, tuple[Future[None], Work]] = {}
        self._lock = Lock()
        self._seconds_each = FIRST_GUESS_SECONDS
        self._pool = ThreadPoolExecutor(limits.places, thread_name_prefix=name)
        self._closed = False

    def check(self, asker: Asker) -> None:
        """Whether another call of this asker may wait. Raises EngineBusy."""
        with self._lock:
            self._line.check(asker, self._seconds_each)

    def too_late(self) -> EngineBusy:
        """The error for a call that has waited too long."""
        with self._lock:
            told = f"no place became free within {self.limits.seconds:g} seconds: try again later"
            return self._line.busy(told, self._seconds_each)

    def submit(self, asker: Asker, batches: Sequence[tuple[int, Work]]) -> list[Future[None]]:
        """Run the batches of one call, each given with the bytes that it takes, when their turn comes and unless their
        future is cancelled before. Raises EngineBusy, EngineUnavailable."""
        tickets = [Ticket(asker, cost) for cost, _ in batches]
        futures = [Future[None]() for _ in batches]
        with self._lock:
            if self._closed:
                raise EngineUnavailable("the engine is shut down: start the service again")
            self._line.check(asker, self._seconds_each)
            for ticket, future, (_, work) in zip(tickets, futures, batches, strict=True):
                self._work[ticket] = future, work
                self._line.join(ticket)
        for ticket, future in zip(tickets, futures, strict=True):
            future.add_done_callback(partial(self._gone, ticket))
        asker.on_change(self._admit)
        self._admit()
        return futures

    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        with self._lock:
            return not self._work

    def shutdown(self) -> None:
        """Cancel what waits, and wait until what runs has ended."""
        with self._lock:
            self._closed = True
            futures = [future for future, _ in self._work.values()]
        for future in futures:
            future.cancel()
        self._pool.shutdown(wait=True)

    def _admit(self) -> None:
        with self._lock:
            if not self._closed:
                for ticket in self._line.admit(self.budget):
                    self._pool.submit(self._run, ticket, *self._work[ticket])

    def _run(self, ticket: Ticket, future: Future[None], work: Work) -> None:
        if not future.set_running_or_notify_cancel():
            return
        began = monotonic()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the reader of the future raises it
            self._took(monotonic() - began)
            future.set_exception(error)
        else:
            self._took(monotonic() - began)
            future.set_result(None)
        self._afterwards(ticket.cost)

    def _took(self, seconds: float) -> None:
        with self._lock:
            self._seconds_each += NEWEST_SHARE * (seconds - self._seconds_each)

    def _gone(self, ticket: Ticket, future: Future[None]) -> None:
        """Done, or cancelled while it waited: the next one may be admitted."""
        with self._lock:
            never_admitted = ticket in self._line.waiting
            self._work.pop(ticket, None)
            self._line.leave(ticket)
        if never_admitted:
            future.set_running_or_notify_cancel()  # or whoever waits for its end would wait for ever
        self._admit()
