"""What every page asks the service for besides its own: where one is, and the colours. Its own, and not for others."""

from typing import Any

from fastapi import APIRouter

from feedback_app.services.bundle import Services
from feedback_app.ui.shared.steps import Standing, steps, steps_html

METHOD = "dpo"
"""The method of a first round."""


class ShellDesk:
    def __init__(self, services: Services) -> None:
        self._services = services

    def state(self) -> dict[str, Any]:
        """The steps as HTML, whether a round waits or runs, the chosen colours, and whether this is the first visit."""
        now = self._standing()
        theme = self._services.preferences.get().theme
        return {"steps": steps_html(steps(now)), "busy": now.busy, "theme": theme, "first": self._first()}

    def _first(self) -> bool:
        """Whether languages and topics are to be asked for: nothing was chosen yet and nothing ranked."""
        return not self._services.preferences.asked() and not self._services.arena.counts()["ranked"]

    def _standing(self) -> Standing:
        services = self._services
        votes, needed = services.readiness.votes()
        latest = services.models.resolve("latest")
        newest = next(iter(services.rounds.list(1)), None)
        return Standing(
            votes=votes,
            needed=needed,
            foreseen=services.estimates.expected(METHOD, {}),
            state=newest.state if newest else None,
            percent=newest.percent if newest else 0.0,
            seconds_left=newest.seconds_left if newest else None,
            version="" if latest == "base" else services.models.called(latest),
        )


def router(services: Services) -> APIRouter:
    """The routes below `/shell`."""
    desk = ShellDesk(services)
    routes = APIRouter(prefix="/shell", include_in_schema=False)
    routes.get("/state")(desk.state)
    return routes
