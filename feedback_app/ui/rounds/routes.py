"""What every page asks for to announce the end of a round. This route is for the pages only; programs use `/api/v1/rounds`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from feedback_app.domain.current_round import active, newest_ended
from feedback_app.domain.decision import headline
from feedback_app.domain.round import Round, RoundState
from feedback_app.domain.version_names import called, numbered
from feedback_app.services.generation.versions import Models
from feedback_app.services.rounds.rounds import Rounds

RECENT_ROUNDS = 20


def news(round_: Round, numbers: Mapping[str, int]) -> dict[str, str]:
    """The announcement of a round that ended: `title`, `line`, and the text and address of its link."""
    announcement = {"id": round_.id, "line": "", "link": "See the round", "href": f"rounds?c={round_.id}"}
    version = called(round_.checkpoint, numbers) if round_.checkpoint else "the new version"
    match round_.state:
        case RoundState.promoted if round_.method == "reward":
            return {**announcement, "title": "Round finished: the reward model is trained."}
        case RoundState.promoted:
            more = (
                {"link": "See before and after", "href": f"rounds?c={round_.id}&before=1"}
                if round_.checkpoint
                else {}
            )
            line = "Arena and new chats use it now."
            return {
                **announcement,
                "title": f"Round finished: {version} passed the quality checks.",
                "line": line,
                **more,
            }
        case RoundState.held:
            why = headline(round_.decision)
            return {
                **announcement,
                "title": f"Round finished: {version} was held back.",
                "line": why,
                "link": "See why",
            }
        case RoundState.cancelled:
            return {
                **announcement,
                "title": "Round cancelled.",
                "line": "You can resume it where it stopped.",
            }
        case _:
            return {**announcement, "title": "Round failed.", "line": round_.error, "link": "See what to do"}


@dataclass(frozen=True, slots=True)
class RoundRoutes:
    """The services that the announcement reads."""

    rounds: Rounds
    models: Models

    def news(self) -> dict[str, Any]:
        """Whether a round is under way, and the round that ended last."""
        rounds = self.rounds.list(RECENT_ROUNDS)
        current, last = active(rounds), newest_ended(rounds)
        numbers = numbered(self.models.checkpoints()) if last else {}
        ended = news(last, numbers) if last and last.finished_at else None
        return {"active": current is not None, "ended": ended}

    def router(self) -> APIRouter:
        """The routes below `/round`."""
        routes = APIRouter(prefix="/round", include_in_schema=False)
        routes.get("/news")(self.news)
        return routes
