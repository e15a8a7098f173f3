"""All services, as API and pages receive them."""

from collections.abc import Callable
from dataclasses import dataclass

from feedback_app.domain.persona import Persona
from feedback_app.services.annotation.agreement import Agreements
from feedback_app.services.annotation.desks import Desks
from feedback_app.services.arena.arena import Arena
from feedback_app.services.arena.pair_selection import PairSelection
from feedback_app.services.arena.prefetch import Prefetch
from feedback_app.services.arena.repeats import Repeats
from feedback_app.services.chat.chat import Chat
from feedback_app.services.chat.side_by_side import SideBySide
from feedback_app.services.dataset.curation import Curation
from feedback_app.services.dataset.dataset import Dataset
from feedback_app.services.generation.best_of import BestOf
from feedback_app.services.generation.versions import Models
from feedback_app.services.leaderboard.leaderboard import Leaderboard
from feedback_app.services.reward.guess_calibration import GuessCalibration
from feedback_app.services.reward.live_reward import LiveRewardService
from feedback_app.services.reward.reward_models import RewardModels
from feedback_app.services.rounds.before_after import BeforeAfter
from feedback_app.services.rounds.estimate import Estimates
from feedback_app.services.rounds.lineage import Lineage
from feedback_app.services.rounds.readiness import RoundReadiness
from feedback_app.services.rounds.rounds import Rounds
from feedback_app.services.rounds.snapshots import Snapshots
from feedback_app.services.system.preferences import PreferenceBook
from feedback_app.services.system.status import Status


@dataclass(frozen=True, slots=True)
class Services:
    """Built once, in `feedback_app.main`. `personas` reads the persona files afresh at each call; `base_name` is what the base
    model is called."""

    arena: Arena
    pair_selection: PairSelection
    prefetch: Prefetch
    live_reward: LiveRewardService
    repeats: Repeats
    guess_calibration: GuessCalibration
    chat: Chat
    side_by_side: SideBySide
    best_of: BestOf
    rounds: Rounds
    lineage: Lineage
    estimates: Estimates
    reward_models: RewardModels
    leaderboard: Leaderboard
    dataset: Dataset
    curation: Curation
    snapshots: Snapshots
    models: Models
    desks: Desks
    agreements: Agreements
    status: Status
    readiness: RoundReadiness
    before_after: BeforeAfter
    personas: Callable[[], list[Persona]]
    preferences: PreferenceBook
    base_name: str

    @property
    def default_persona(self) -> str:
        """What a new conversation begins with."""
        return self.preferences.get().persona
