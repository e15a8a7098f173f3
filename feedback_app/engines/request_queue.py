"""The order in which the engine runs requests: the policy, without threads.

Interactive requests go first, then the API, then background work. Within a priority, clients take turns, so that a client
with a hundred requests does not block one with a single request. Some places are reserved for interactive requests, because
a running reply cannot be interrupted for another.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from feedback_app.engines.base import Caller, EngineBusy, Priority

LONGEST_RETRY = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """`places`: batches that run at once, of which `reserved` take only interactive requests. `per_client` and `total` limit
    the waiting requests of each priority. A request fails after waiting for `seconds`."""

    places: int = 3
    reserved: int = 1
    per_client: int = 8
    total: int = 32
    seconds: float = 120.0


@dataclass(eq=False, slots=True)
class Ticket:
    """One batch of an caller. `cost` is the number of bytes that it needs while it runs."""

    caller: Caller
    cost: int = 0
    number: int = field(default=0, init=False)


class RequestQueue:
    """The waiting and running batches. Not thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: list[Ticket] = []
        self._running: list[Ticket] = []
        self._last_turn: dict[str, int] = {}
        self._count = 0

    @property
    def waiting(self) -> tuple[Ticket, ...]:
        return tuple(self._waiting)

    @property
    def running(self) -> tuple[Ticket, ...]:
        return tuple(self._running)

    def check(self, caller: Caller, seconds_each: float = 1.0) -> None:
        """Check that another call of this caller may wait. `seconds_each` is the duration of a batch. Raises EngineBusy."""
        waiting = {
            ticket.caller: None for ticket in self._waiting if ticket.caller.priority == caller.priority
        }
        own = sum(other.client == caller.client for other in waiting)
        if own >= self._limits.per_client:
            raise EngineBusy(
                f"{own} of your requests are waiting already: wait until one of them is answered",
                self._retry_after(own, seconds_each),
                429,
            )
        if len(waiting) >= self._limits.total:
            raise self.busy("too many requests are waiting: try again later", seconds_each)

    def busy(self, message: str, seconds_each: float = 1.0) -> EngineBusy:
        """The error for a full queue, with the time after which to retry."""
        return EngineBusy(message, self._retry_after(len(self._waiting), seconds_each))

    def join(self, ticket: Ticket) -> None:
        self._count += 1
        ticket.number = self._count
        self._waiting.append(ticket)

    def leave(self, ticket: Ticket) -> None:
        """Remove a batch that has run or is no longer wanted."""
        for tickets in (self._waiting, self._running):
            if ticket in tickets:
                tickets.remove(ticket)
        if all(other.caller.client != ticket.caller.client for other in (*self._waiting, *self._running)):
            self._last_turn.pop(ticket.caller.client, None)

    def admit(self, budget: int) -> list[Ticket]:
        """Start the batches whose turn it is and return them. `budget` is the number of bytes that all running batches may
        use together; a batch that needs more runs alone."""
        admitted = []
        while (ticket := min(self._waiting, key=self._order, default=None)) and self._fits(ticket, budget):
            self._waiting.remove(ticket)
            self._running.append(ticket)
            self._count += 1
            self._last_turn[ticket.caller.client] = self._count
            admitted.append(ticket)
        return admitted

    def _order(self, ticket: Ticket) -> tuple[Priority, int, int]:
        caller = ticket.caller
        return caller.priority, self._last_turn.get(caller.client, 0), ticket.number

    def _fits(self, ticket: Ticket, budget: int) -> bool:
        if _cost(self._running) + ticket.cost > budget and self._running:
            return False
        if ticket.caller.priority == Priority.INTERACTIVE:
            return len(self._running) < self._limits.places
        others = [one for one in self._running if one.caller.priority != Priority.INTERACTIVE]
        open_to_others = self._limits.places - self._limits.reserved
        return len(others) < open_to_others and len(self._running) < self._limits.places

    def _retry_after(self, ahead: int, seconds_each: float) -> int:
        return max(1, min(LONGEST_RETRY, round(ahead * seconds_each / self._limits.places)))


def _cost(tickets: Iterable[Ticket]) -> int:
    return sum(ticket.cost for ticket in tickets)
