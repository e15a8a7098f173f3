"""The current trained reward model as a scorer: loaded when it is first needed, and anew when a newer one is current."""

from collections.abc import Sequence
from threading import Lock
from time import perf_counter

import structlog

from feedback_app.domain.comparison import Message
from feedback_app.services.reward.reward_models import RewardModel, Rewards, Scorer

log = structlog.get_logger()


class TrainedScorer:
    """Keeps one model in memory: the newest that passed, of the base model in force. One call scores at a time."""

    name = "the trained reward model"

    def __init__(self, rewards: Rewards) -> None:
        self._rewards = rewards
        self._lock = Lock()
        self._loaded: tuple[str, Scorer] | None = None

    def score(self, messages: Sequence[Message], replies: Sequence[str]) -> list[float] | None:
        """See `best_of.Scorer`. Raises BrokenRewardModel."""
        current = self._rewards.current()
        if current is None:
            return None
        if not replies:
            return []
        with self._lock:
            scorer = self._opened(current)
            return scorer.score([(tuple(messages), reply) for reply in replies])

    def _opened(self, current: RewardModel) -> Scorer:
        if self._loaded is None or self._loaded[0] != current.name:
            self._loaded = None  # freed before the next one comes: each holds the whole base model
            began = perf_counter()
            self._loaded = current.name, self._rewards.load(current.folder)
            log.info("reward model loaded", name=current.name, seconds=round(perf_counter() - began, 1))
        return self._loaded[1]
