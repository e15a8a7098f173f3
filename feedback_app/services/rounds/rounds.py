"""Queue, follow, cancel and resume alignment rounds."""

from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import Any, Protocol

from alignment.contract.configs.policy import AUTO
from alignment.contract.errors import InvalidConfig
from alignment.contract.methods import DEFAULT_METHOD, RoundConfig, round_config
from feedback_app.domain.json_rules import fault_in
from feedback_app.domain.round import InvalidRound, Round, RoundEvent, RoundState
from feedback_app.services.generation.versions import Models
from feedback_app.services.rounds.training_data import TrainingData
from feedback_app.store import Store


def checked_config(method: str, config: Mapping[str, Any]) -> RoundConfig:
    """The whole settings of a round, with defaults. Raises InvalidRound (unknown method, bad setting)."""
    try:
        return round_config(method, config)
    except InvalidConfig as error:
        raise InvalidRound(str(error)) from error


class Queue(Protocol):
    def send(self, round_id: str) -> bool: ...


Sampled = Callable[[str, Mapping[str, Any]], RoundConfig | None]
"""(method, config) -> the settings of a round with how many examples it uses (see `Estimates.sampled`)."""


def every_example(method: str, config: Mapping[str, Any]) -> None:
    """Leaves the settings as they are."""


class Rounds:
    """The rounds in the store, and the queue that tells the workers of them."""

    def __init__(
        self,
        store: Store,
        models: Models,
        queue: Queue,
        training_data: TrainingData,
        min_pairs: int,
        sampled: Sampled = every_example,
    ) -> None:
        self._store = store
        self._models = models
        self._queue = queue
        self._training_data = training_data
        self._min_pairs = min_pairs
        self._sampled = sampled

    @property
    def min_pairs(self) -> int:
        """Fewest training examples (pairs, rated replies, demonstrations) that a round starts with."""
        return self._min_pairs

    def queue(
        self, method: str = DEFAULT_METHOD, config: Mapping[str, Any] | None = None, parent: str = "base"
    ) -> Round:
        """Queue a round. Where there are more examples than it has time for, its settings say how many it uses. Raises
        InvalidRound (unknown method, bad setting, too little to learn from), UnknownModel."""
        if fault := fault_in(dict(config or {})):
            raise InvalidRound(f"the settings of the round: {fault}")
        checked = checked_config(method, config or {})
        if problem := self._training_data.lacking(method, checked, self._min_pairs):
            raise InvalidRound(problem)
        if checked.max_pairs != AUTO and checked.max_pairs < self._min_pairs:
            raise InvalidRound(f"max_pairs: a round needs at least {self._min_pairs} examples to train on")
        settings = (self._sampled(method, config or {}) or checked).model_dump()
        queued = Round(method=method, config=settings, parent=self._models.resolve(parent))
        self._store.rounds.add(queued)
        self._queue.send(queued.id)
        return queued

    def get(self, round_id: str) -> Round:
        """By its id or the beginning of it. Raises RoundNotFound, AmbiguousId."""
        return self._store.rounds.get(self._store.ids.round(round_id))

    def queued_before(self, round_: Round) -> list[Round]:
        """The rounds that a worker works on or takes before this one: the running one first. None once it runs."""
        if round_.state is not RoundState.queued:
            return []
        before = [each for each in self._store.rounds.unfinished() if each.id != round_.id]
        return [
            each
            for each in before
            if each.state is RoundState.running or (each.created_at, each.id) < (round_.created_at, round_.id)
        ]

    def cancel(self, round_id: str) -> Round:
        """Ask a round to stop. Raises RoundNotFound, InvalidRound where it is over."""
        return self._store.rounds.request_cancel(self._store.ids.round(round_id))

    def resume(self, round_id: str) -> Round:
        """Queue a failed or cancelled round again: finished stages are kept. Raises RoundNotFound, InvalidRound."""
        resumed = self._store.rounds.requeue(self._store.ids.round(round_id))
        self._queue.send(resumed.id)
        return self._store.rounds.get(resumed.id)

    def delete(self, round_id: str) -> str:
        """Delete a damaged round; returns its id. Raises RoundNotFound, AmbiguousId, InvalidRound."""
        deleted = self._store.ids.round(round_id)
        self._store.rounds.delete(deleted)
        return deleted

    def events(self, round_id: str, after: int = 0) -> list[RoundEvent]:
        return self._store.rounds.events(round_id, after)

    def follow(
        self, round_id: str, after: int = 0, every: float = 0.5, left: Event | None = None
    ) -> Iterator[tuple[Round, RoundEvent | None]]:
        """The round with each new event until it ends; a state that changed without an event comes with None. Setting
        `left` ends it while nothing happens."""
        left = left or Event()
        round_id, seen = self._store.ids.round(round_id), None
        while True:
            current = self.get(round_id)
            fresh = self.events(round_id, after)
            for event in fresh:
                after = event.seq
                yield current, event
            if not fresh and (seen is None or seen.state != current.state):
                yield current, None
            seen = current
            if current.state.final:
                return
            if left.wait(every):
                return

    def list(self, limit: int = 50) -> list[Round]:
        return self._store.rounds.list(limit)
