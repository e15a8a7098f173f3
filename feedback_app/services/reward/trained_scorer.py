"""The current trained reward model as a scorer: opened when it is first needed, and anew when a newer one is current."""

from collections.abc import Sequence

from feedback_app.domain.comparison import Message
from feedback_app.services.reward.reward_models import LoadedRewardModel, RewardModel, RewardModels


class TrainedScorer:
    """Scores with the newest that passed, of the base model in force."""

    name = "the trained reward model"

    def __init__(self, rewards: RewardModels) -> None:
        self._rewards = rewards
        self._opened: tuple[str, LoadedRewardModel] | None = None

    def score(self, messages: Sequence[Message], replies: Sequence[str]) -> list[float] | None:
        """See `best_of.ReplyScorer`. Raises RewardModelUnavailable."""
        current = self._rewards.current()
        if current is None:
            return None
        if not replies:
            return []
        return self._scorer(current).score([(tuple(messages), reply) for reply in replies])

    def _scorer(self, current: RewardModel) -> LoadedRewardModel:
        opened = self._opened
        if opened is None or opened[0] != current.name:
            opened = self._opened = current.name, self._rewards.load(current.folder)
        return opened[1]
