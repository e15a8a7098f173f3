"""What the scripts of every page ask for: the three steps, and the colours. These routes are for the pages only."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from feedback_app.services.arena.arena import Arena
from feedback_app.services.generation.versions import Models
from feedback_app.services.rounds.estimate import Estimates
from feedback_app.services.rounds.readiness import RoundReadiness
from feedback_app.services.rounds.rounds import Rounds
from feedback_app.services.system.preferences import PreferenceBook
from feedback_app.ui.shared.steps import Standing, steps, steps_html

METHOD = "dpo"
"""The method of a first round."""


@dataclass(frozen=True, slots=True)
class ShellRoutes:
    """The services that the head of a page reads."""

    arena: Arena
    readiness: RoundReadiness
    estimates: Estimates
    models: Models
    preferences: PreferenceBook
    rounds: Rounds

    def state(self) -> dict[str, Any]:
        """The steps as HTML, whether a round is queued or running, the chosen colours, and whether this is the first visit."""
        now = self._standing()
        theme = self.preferences.get().theme
        return {"steps": steps_html(steps(now)), "busy": now.busy, "theme": theme, "first": self._first()}

    def _first(self) -> bool:
        """Whether to ask for languages and topics: no preference was set and nothing was ranked yet."""
        return not self.preferences.asked() and not self.arena.counts()["ranked"]

    def _standing(self) -> Standing:
        votes, needed = self.readiness.votes()
        latest = self.models.resolve("latest")
        newest = next(iter(self.rounds.list(1)), None)
        return Standing(
            votes=votes,
            needed=needed,
            expected=self.estimates.expected(METHOD, {}),
            state=newest.state if newest else None,
            percent=newest.percent if newest else 0.0,
            seconds_left=newest.seconds_left if newest else None,
            version="" if latest == "base" else self.models.called(latest),
        )

    def router(self) -> APIRouter:
        """The routes below `/shell`."""
        routes = APIRouter(prefix="/shell", include_in_schema=False)
        routes.get("/state")(self.state)
        return routes
