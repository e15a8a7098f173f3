"""Everything the API and the pages are given."""

from collections.abc import Callable
from dataclasses import dataclass

from feedback_app.domain.persona import Persona
from feedback_app.services.agreement import Agreements
from feedback_app.services.ahead import Ahead
from feedback_app.services.arena import Arena
from feedback_app.services.beside import Beside
from feedback_app.services.best_of import BestOf
from feedback_app.services.chat import Chat
from feedback_app.services.curation import Curation
from feedback_app.services.data import DataService
from feedback_app.services.desks import Desks
from feedback_app.services.draws import Draws
from feedback_app.services.estimate import Estimates
from feedback_app.services.knowing import Knowing
from feedback_app.services.leaderboard import Leaderboard
from feedback_app.services.lineage import Lineage
from feedback_app.services.live import LiveTaste
from feedback_app.services.models import Models
from feedback_app.services.preferences import PreferenceBook
from feedback_app.services.repeats import Repeats
from feedback_app.services.rewards import Rewards
from feedback_app.services.rounds import Rounds
from feedback_app.services.snapshots import Snapshots
from feedback_app.services.status import Status


@dataclass(frozen=True, slots=True)
class Services:
    """Built once, in `feedback_app.main`. `personas` reads the persona files afresh at each call; `base_name` is what the base
    model is called."""

    arena: Arena
    draws: Draws
    ahead: Ahead
    live: LiveTaste
    repeats: Repeats
    knowing: Knowing
    chat: Chat
    beside: Beside
    best: BestOf
    rounds: Rounds
    lineage: Lineage
    estimates: Estimates
    rewards: Rewards
    leaderboard: Leaderboard
    data: DataService
    curation: Curation
    snapshots: Snapshots
    models: Models
    desks: Desks
    agreements: Agreements
    status: Status
    personas: Callable[[], list[Persona]]
    preferences: PreferenceBook
    base_name: str

    @property
    def default_persona(self) -> str:
        """What a new conversation begins with."""
        return self.preferences.get().persona
