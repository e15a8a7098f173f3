"""The live reward model in a thread of its own, so that neither votes nor pages wait for it."""

import threading
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from functools import partial
from itertools import islice
from queue import Empty, Queue
from time import perf_counter
from typing import TypeVar

import structlog

from feedback_app.domain.comparison import Comparison, ComparisonStatus, Message
from feedback_app.domain.guess import Guess
from feedback_app.services.reward.live_learner import (
    NEWEST,
    Learner,
    LiveReward,
    prompt_of,
    texts_of,
    turns_of,
)
from feedback_app.store import Store

log = structlog.get_logger()
T = TypeVar("T")

POLL_SECONDS = 10.0
CLOSE_SECONDS = 5.0
CHOICE_SECONDS = 20.0
KEPT_UPDATES = 1000
AT_ONCE = 20
"""Rankings of the backlog that are learned before a vote is looked for."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """`waiting` rankings are not learned yet; `failed` counts what the model could not do since the start."""

    on: bool
    ready: bool
    votes: int
    waiting: int
    failed: int


class LiveRewardService:
    """Tells the model of replies and rankings, and keeps its guesses. Without a model all calls do nothing.

    `load` makes the model, in the thread. Rankings that come from annotation desks are found by looking every
    `poll_seconds`; the first look finds all there are, which is how the model learns anew at each start.
    """

    name = "the live reward model"

    def __init__(
        self, store: Store, load: Callable[[], LiveReward] | None = None, poll_seconds: float = POLL_SECONDS
    ) -> None:
        self._store = store
        self._load = load
        self._poll = poll_seconds
        self._jobs: Queue[Callable[[Learner], None]] = Queue()
        self._behind: deque[str] = deque()
        self._look_at = 0.0
        self._closing = threading.Event()
        self._met = threading.Event()
        self._learner: Learner | None = None
        self._failed = 0
        self.updates: deque[float] = deque(maxlen=KEPT_UPDATES)
        """Seconds from each ranking given here to the moment it was learned."""
        self._thread = threading.Thread(target=self._run, name="live-reward", daemon=True)

    def start(self) -> None:
        """Begin to learn, in the background. Nothing happens without a model."""
        if self._load is not None:
            self._thread.start()

    def replies_written(self, comparison: Comparison) -> None:
        """The replies are written: guess, before anybody has seen them long enough to judge."""
        if comparison.status == ComparisonStatus.open:
            self._later(lambda learner: learner.guess(comparison))

    def ranking_changed(self, comparison_id: str) -> None:
        """A ranking was given, changed or taken back."""
        began = perf_counter()

        def settle(learner: Learner) -> None:
            for known in learner.read([comparison_id]):
                learner.settle(known)
            self.updates.append(perf_counter() - began)
            learner.guess_next()

        self._later(settle)

    def rankings_changed(self, comparison_ids: Sequence[str]) -> None:
        """Many rankings were taken out, brought back or deleted: they are learned or forgotten a few at a time, as what is
        found at the start is, so that a vote meanwhile does not wait for them."""
        newest = comparison_ids[:NEWEST]
        self._later(lambda learner: self._behind.extend(newest))

    def guess(self, comparison: Comparison) -> Guess | None:
        """What was guessed, once the comparison has its ranking; None before: votes are blind."""
        if self._load is None or comparison.ranking is None:
            return None
        return self._store.guesses.get(comparison.id)

    def informative_pair(
        self, comparison: Comparison, allowed: Sequence[tuple[int, int]]
    ) -> tuple[int, int] | None:
        """The pair of candidates whose ranking teaches most; None where the model cannot say. Waits for the answer."""
        prompt, replies = prompt_of(comparison), texts_of(comparison)
        return self._ask(lambda model: model.informative_pair(prompt, replies, allowed))

    def score(self, messages: Sequence[Message], replies: Sequence[str]) -> list[float] | None:
        """See `best_of.ReplyScorer`: the chance of each reply to be the best. Waits until all there is was learned once."""
        if self._thread.is_alive():
            self._met.wait(CHOICE_SECONDS)
        asked = tuple(replies) or ("",)
        chances = self._ask(lambda model: model.chances(turns_of(messages), asked))
        return None if chances is None else list(chances[: len(replies)])

    def state(self) -> LiveState:
        learner = self._learner
        votes = learner.model.votes if learner else 0
        return LiveState(self._load is not None, learner is not None, votes, len(self._behind), self._failed)

    def close(self) -> None:
        """End the thread after the step it is in."""
        self._closing.set()
        if self._thread.is_alive():
            self._jobs.put(lambda learner: None)
            self._thread.join(CLOSE_SECONDS)

    def _ask(self, question: Callable[[LiveReward], T]) -> T | None:
        """What the model answers, from the thread; None where it cannot."""
        answer: Future[T] = Future()

        def put(learner: Learner) -> None:
            try:
                answer.set_result(question(learner.model))
            finally:
                answer.cancel()

        if not self._later(put):
            return None
        try:
            return answer.result(CHOICE_SECONDS)
        except (TooLate, CancelledError):
            return None

    def _later(self, job: Callable[[Learner], None]) -> bool:
        """Hand a job to the thread. Not before the model is there: the first look at the store makes up for it."""
        if self._learner is None or self._closing.is_set():
            return False
        self._jobs.put(job)
        return True

    def _run(self) -> None:
        learner = self._safely("load", lambda: Learner(self._store, self._load()) if self._load else None)
        self._learner = learner
        while learner is not None and not self._closing.is_set():
            if (job := self._next()) is not None:
                self._safely("job", partial(job, learner))
            elif self._behind:
                self._catch_up(learner)
            else:
                self._behind.extend(self._safely("look", learner.behind) or ())
                self._look_at = perf_counter() + self._poll
                self._all_met()
        self._met.set()

    def _next(self) -> Callable[[Learner], None] | None:
        """What was asked, before the backlog; None when there is a backlog, or it is time to look for one."""
        wait = 0.0 if self._behind else max(0.0, self._look_at - perf_counter())
        try:
            return self._jobs.get(timeout=wait) if wait else self._jobs.get_nowait()
        except Empty:
            return None

    def _catch_up(self, learner: Learner) -> None:
        """Some rankings of the backlog; after the last one, the guess for what waits on the page."""
        batch = list(islice(self._behind, AT_ONCE))
        for known in self._safely("read", lambda: learner.read(batch)) or ():
            self._safely("learn", partial(learner.settle, known))
        for _ in batch:
            self._behind.popleft()
        if not self._behind:
            self._safely("guess", learner.guess_next)
        self._all_met()

    def _all_met(self) -> None:
        """After the first look at the store, once its rankings are learned."""
        if not self._behind:
            self._met.set()

    def _safely(self, what: str, act: Callable[[], T]) -> T | None:
        """Run a step; its error is logged by type and place, as its message could quote a text."""
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - whatever a model raises, the service goes on without it
            place = traceback.extract_tb(error.__traceback__)[-1]
            log.error(
                "the live reward model failed",
                step=what,
                error=type(error).__name__,
                at=f"{place.name}:{place.lineno}",
            )
            self._failed += 1
            return None
