"""Who is next at the engine: the policy, without threads. Pure but for its own lists.

Interactive work goes first, then the API, then what is written in the background. Within one of these, clients take turns,
so that one who asks for a hundred replies does not hold up one who asks for a single one. Some places are kept free for
interactive work, because a reply that has begun cannot be interrupted for another.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from feedback_app.engines.base import Asker, EngineBusy, Priority

LONGEST_RETRY = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """`places`: batches that run at once, of which `reserved` only take interactive work. `per_client` and `total` bound
    what waits, each priority by itself; after `seconds` of waiting a request is given up."""

    places: int = 3
    reserved: int = 1
    per_client: int = 8
    total: int = 32
    seconds: float = 120.0


@dataclass(eq=False, slots=True)
class Ticket:
    """One batch of an asker. `cost`: bytes of memory that it takes while it runs."""

    asker: Asker
    cost: int = 0
    number: int = field(default=0, init=False)


class RequestQueue:
    """What waits and what runs. Not thread-safe."""

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

    def check(self, asker: Asker, seconds_each: float = 1.0) -> None:
        """Whether another call of this asker may wait. `seconds_each`: how long a batch takes. Raises EngineBusy."""
        waiting = {ticket.asker: None for ticket in self._waiting if ticket.asker.priority == asker.priority}
        own = sum(other.client == asker.client for other in waiting)
        if own >= self._limits.per_client:
            raise EngineBusy(
                f"{own} of your requests are waiting already: wait until one of them is answered",
                self._retry_after(own, seconds_each),
                429,
            )
        if len(waiting) >= self._limits.total:
            raise self.busy("too many requests are waiting: try again later", seconds_each)

    def busy(self, message: str, seconds_each: float = 1.0) -> EngineBusy:
        """The error for somebody who waits with everybody else."""
        return EngineBusy(message, self._retry_after(len(self._waiting), seconds_each))

    def join(self, ticket: Ticket) -> None:
        self._count += 1
        ticket.number = self._count
        self._waiting.append(ticket)

    def leave(self, ticket: Ticket) -> None:
        """It has run, or gives up waiting."""
        for tickets in (self._waiting, self._running):
            if ticket in tickets:
                tickets.remove(ticket)
        if all(other.asker.client != ticket.asker.client for other in (*self._waiting, *self._running)):
            self._last_turn.pop(ticket.asker.client, None)

    def admit(self, budget: int) -> list[Ticket]:
        """Those whose turn it is now; they run from now on. `budget`: bytes that all running batches may take together.
        A batch that needs more than that runs alone."""
        admitted = []
        while (ticket := min(self._waiting, key=self._order, default=None)) and self._fits(ticket, budget):
            self._waiting.remove(ticket)
            self._running.append(ticket)
            self._count += 1
            self._last_turn[ticket.asker.client] = self._count
            admitted.append(ticket)
        return admitted

    def _order(self, ticket: Ticket) -> tuple[Priority, int, int]:
        asker = ticket.asker
        return asker.priority, self._last_turn.get(asker.client, 0), ticket.number

    def _fits(self, ticket: Ticket, budget: int) -> bool:
        if _cost(self._running) + ticket.cost > budget and self._running:
            return False
        if ticket.asker.priority == Priority.INTERACTIVE:
            return len(self._running) < self._limits.places
        others = [one for one in self._running if one.asker.priority != Priority.INTERACTIVE]
        open_to_others = self._limits.places - self._limits.reserved
        return len(others) < open_to_others and len(self._running) < self._limits.places

    def _retry_after(self, ahead: int, seconds_each: float) -> int:
        return max(1, min(LONGEST_RETRY, round(ahead * seconds_each / self._limits.places)))


def _cost(tickets: Iterable[Ticket]) -> int:
    return sum(ticket.cost for ticket in tickets)
