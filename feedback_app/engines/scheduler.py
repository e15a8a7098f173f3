"""Runs batches in a pool of threads, in the order of the request queue."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Lock
from time import monotonic

from feedback_app.engines.base import Caller, EngineBusy, EngineUnavailable
from feedback_app.engines.request_queue import Limits, RequestQueue, Ticket

UNBOUNDED = 2**62
FIRST_GUESS_SECONDS = 5.0
NEWEST_SHARE = 0.2
"""The weight of the newest batch in the moving average of batch durations."""
Work = Callable[[], None]


class Scheduler:
    """A pool of threads that runs batches in the order of `RequestQueue`. `afterwards` is called with the batch's cost, in its
    thread, after its result is set."""

    def __init__(
        self, limits: Limits, name: str, afterwards: Callable[[int], None] = lambda cost: None
    ) -> None:
        self.limits = limits
        self._afterwards = afterwards
        self.budget = UNBOUNDED
        """The bytes that all running batches may use together."""
        self._queue = RequestQueue(limits)
        self._work: dict[Ticket, tuple[Future[None], Work]] = {}
        self._lock = Lock()
        self._seconds_each = FIRST_GUESS_SECONDS
        self._pool = ThreadPoolExecutor(limits.places, thread_name_prefix=name)
        self._closed = False

    def check(self, caller: Caller) -> None:
        """Check that another call of this caller may wait. Raises EngineBusy."""
        with self._lock:
            self._queue.check(caller, self._seconds_each)

    def too_late(self) -> EngineBusy:
        """The error for a call that has waited too long."""
        with self._lock:
            message = f"no place became free within {self.limits.seconds:g} seconds: try again later"
            return self._queue.busy(message, self._seconds_each)

    def submit(self, caller: Caller, batches: Sequence[tuple[int, Work]]) -> list[Future[None]]:
        """Queue the batches of one call, each given with the bytes that it needs. A batch runs when its turn comes, unless
        its future is cancelled before. Raises EngineBusy, EngineUnavailable."""
        tickets = [Ticket(caller, cost) for cost, _ in batches]
        futures = [Future[None]() for _ in batches]
        with self._lock:
            if self._closed:
                raise EngineUnavailable("the engine is shut down: start the service again")
            self._queue.check(caller, self._seconds_each)
            for ticket, future, (_, work) in zip(tickets, futures, batches, strict=True):
                self._work[ticket] = future, work
                self._queue.join(ticket)
        for ticket, future in zip(tickets, futures, strict=True):
            future.add_done_callback(partial(self._on_done, ticket))
        caller.on_change(self._admit)
        self._admit()
        return futures

    def idle(self) -> bool:
        """Whether nothing is running or waiting."""
        with self._lock:
            return not self._work

    def shutdown(self) -> None:
        """Cancel waiting batches and wait for running ones to end."""
        with self._lock:
            self._closed = True
            futures = [future for future, _ in self._work.values()]
        for future in futures:
            future.cancel()
        self._pool.shutdown(wait=True)

    def _admit(self) -> None:
        with self._lock:
            if not self._closed:
                for ticket in self._queue.admit(self.budget):
                    self._pool.submit(self._run, ticket, *self._work[ticket])

    def _run(self, ticket: Ticket, future: Future[None], work: Work) -> None:
        if not future.set_running_or_notify_cancel():
            return
        began = monotonic()
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the reader of the future raises it
            self._record_duration(monotonic() - began)
            future.set_exception(error)
        else:
            self._record_duration(monotonic() - began)
            future.set_result(None)
        self._afterwards(ticket.cost)

    def _record_duration(self, seconds: float) -> None:
        with self._lock:
            self._seconds_each += NEWEST_SHARE * (seconds - self._seconds_each)

    def _on_done(self, ticket: Ticket, future: Future[None]) -> None:
        """A batch is done, or was cancelled while waiting: start the next one."""
        with self._lock:
            never_admitted = ticket in self._queue.waiting
            self._work.pop(ticket, None)
            self._queue.leave(ticket)
        if never_admitted:
            future.set_running_or_notify_cancel()  # otherwise a thread waiting for the future would block forever
        self._admit()
