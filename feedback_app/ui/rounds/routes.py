"""What every page asks to tell that a round has ended, wherever one is. The pages' own, and not for others: they have `/api/v1`."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from feedback_app.domain.current_round import active, newest_ended
from feedback_app.domain.decision import headline
from feedback_app.domain.round import Round, RoundState
from feedback_app.domain.version_names import called, numbered
from feedback_app.services.bundle import Services

LOOK_BACK = 20


def news(round_: Round, numbers: Mapping[str, int]) -> dict[str, str]:
    """What to tell of a round that ended: `title`, `line`, and where `link` leads to."""
    told = {"id": round_.id, "line": "", "link": "See the round", "href": f"rounds?c={round_.id}"}
    version = called(round_.checkpoint, numbers) if round_.checkpoint else "the new version"
    match round_.state:
        case RoundState.promoted if round_.method == "reward":
            return {**told, "title": "Round finished: the reward model is trained."}
        case RoundState.promoted:
            more = (
                {"link": "See before and after", "href": f"rounds?c={round_.id}&before=1"}
                if round_.checkpoint
                else {}
            )
            line = "Arena and new chats use it now."
            return {
                **told,
                "title": f"Round finished: {version} passed the quality checks.",
                "line": line,
                **more,
            }
        case RoundState.held:
            why = headline(round_.decision)
            return {
                **told,
                "title": f"Round finished: {version} was held back.",
                "line": why,
                "link": "See why",
            }
        case RoundState.cancelled:
            return {**told, "title": "Round cancelled.", "line": "You can resume it where it stopped."}
        case _:
            return {**told, "title": "Round failed.", "line": round_.error, "link": "See what to do"}


class RoundDesk:
    """The answers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def news(self) -> dict[str, Any]:
        """Whether a round is under way, and the one that ended last."""
        rounds = self._services.rounds.list(LOOK_BACK)
        now, last = active(rounds), newest_ended(rounds)
        numbers = numbered(self._services.models.checkpoints()) if last else {}
        ended = news(last, numbers) if last and last.finished_at else None
        return {"active": now is not None, "ended": ended}


def router(services: Services) -> APIRouter:
    """The routes below `/round`."""
    desk = RoundDesk(services)
    routes = APIRouter(prefix="/round", include_in_schema=False)
    routes.get("/news")(desk.news)
    return routes
