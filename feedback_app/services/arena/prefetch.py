"""Comparisons that are written before the page needs them, so that nobody waits for the model.

The database is the queue: a prefetched comparison is an open comparison like any other, and survives a restart.
"""

import threading
from collections.abc import Collection, Sequence

from feedback_app.domain.comparison import Comparison, ComparisonStatus
from feedback_app.services.arena.arena import Arena
from feedback_app.services.arena.comparisons import drawn
from feedback_app.services.arena.pair_selection import PairSelection
from feedback_app.services.generation.background import Generations
from feedback_app.services.generation.versions import Models
from feedback_app.store import Store

DEPTH = 3
"""Comparisons that are kept ready."""
MOST = 20
"""Comparisons that wait at all, whatever their kind; above it nothing is prepared."""


class Prefetch:
    """What the page asks for while a comparison is read. Nothing is written unless a page asks."""

    def __init__(
        self, store: Store, arena: Arena, draws: PairSelection, models: Models, generations: Generations
    ) -> None:
        self._store = store
        self._arena = arena
        self._draws = draws
        self._models = models
        self._generations = generations
        self._one_at_a_time = threading.Lock()

    def ready(self, topic: str | None, n: int, shown: Collection[str] = ()) -> list[Comparison]:
        """Complete comparisons of that kind without those that are `shown`: what the owner asked before what was drawn, and
        the longest waiting first."""
        waiting = self._waiting(shown)
        old = {comparison.id for comparison in self._outdated(waiting)}
        complete = [c for c in waiting if c.status == ComparisonStatus.open and c.id not in old]
        fitting = [comparison for comparison in complete if self._fits(comparison, topic, n)]
        return sorted(fitting, key=drawn)[:DEPTH]

    def fill(self, topic: str | None, n: int, shown: Collection[str] = ()) -> None:
        """Begin to write one more where fewer than DEPTH wait, unless the engine writes already. What a newer version has
        made old is asked anew first, except what is `shown`. An engine that is away is left alone: it would fail one
        comparison after another. Raises UnknownModel, GenerationFailed."""
        with self._one_at_a_time:
            if self._generations.busy() or self._generations.away:
                return
            waiting = self._waiting(shown)
            if old := self._outdated(waiting):
                self._arena.regenerate(old[0].id, background=True)
                return
            fitting = [comparison for comparison in waiting if self._fits(comparison, topic, n)]
            halted = [c for c in fitting if c.status == ComparisonStatus.generating]
            if halted:
                self._arena.write(halted[0], background=True)
            elif len(fitting) < DEPTH and len(waiting) < MOST:
                self._draws.prepare(topic, n)

    def _waiting(self, shown: Collection[str]) -> list[Comparison]:
        """Oldest first."""
        newest_first = self._store.comparisons.waiting("arena", 2 * MOST)
        return [comparison for comparison in reversed(newest_first) if comparison.id not in shown]

    def _fits(self, comparison: Comparison, topic: str | None, n: int) -> bool:
        """Whether a waiting comparison is of the kind that is asked for."""
        if len(comparison.candidates) != n:
            return False
        return self._arena.suits(topic, comparison) if drawn(comparison) else topic is None

    def _outdated(self, waiting: Sequence[Comparison]) -> list[Comparison]:
        """Those that were drawn for other versions than would meet now. A pair that came back stays."""
        compared = {self._models.resolve("latest"), self._models.predecessor()}
        fresh = [comparison for comparison in waiting if comparison.tags and comparison.repeat_of is None]
        return [c for c in fresh if {candidate.model for candidate in c.candidates} != compared]
