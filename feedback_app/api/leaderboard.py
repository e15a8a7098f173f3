"""The leaderboard."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from feedback_app.services.leaderboard.leaderboard import Board, Leaderboard

Annotator = Annotated[
    Literal["", "owner"],
    Query(description="`owner` for the owner's votes only. Everyone's votes if left out."),
]


class AgainstBody(BaseModel):
    """The wins of a version over another one; a tie is half a win."""

    model: str
    wins: float
    votes: int


class EffectBody(BaseModel):
    """How often a reply wins for this reason over an equally good one; `low` and `high` bound the 95 % interval."""

    share: float
    low: float
    high: float


class EffectsBody(BaseModel):
    """`length`: because it has twice as many characters. `side`: because it is on the left. Without `enough` votes the numbers are hardly more
    than a guess. `duels`: compared pairs of replies."""

    length: EffectBody | None
    side: EffectBody | None
    comparisons: int
    duels: int = Field(validation_alias="pairs")
    enough: bool


class BoardBody(BaseModel):
    """The whole leaderboard. Version i won `points[i][j]` of `votes[i][j]` pairs against version j; a tie is half a point."""

    standings: list["PlainStanding"]
    points: list[list[float]]
    votes: list[list[int]]
    length: EffectBody | None
    side: EffectBody | None
    comparisons: int
    duels: int = Field(validation_alias="pairs")
    enough: bool


class PlainStanding(BaseModel):
    """`score` on the Elo scale with `base` at 1000; `low` and `high` bound the 95 % interval. `adjusted`: the score
    without the effects of length and side. Without `enough` votes the scores are hardly more than a guess."""

    model: str
    score: float
    low: float
    high: float
    votes: int
    wins: float
    adjusted: float
    adjusted_low: float
    adjusted_high: float
    enough: bool


class StandingBody(PlainStanding):
    """`against`: its wins over each other version."""

    against: list[AgainstBody]

    @classmethod
    def all_of(cls, board: Board) -> "list[StandingBody]":
        met = [
            [
                {"model": other.model, "wins": wins, "votes": votes}
                for other, wins, votes in zip(board.standings, points, numbers, strict=True)
                if votes
            ]
            for points, numbers in zip(board.points, board.votes, strict=True)
        ]
        rows = zip(board.standings, met, strict=True)
        return [cls.model_validate({**asdict(row), "against": against}) for row, against in rows]


def router(leaderboard: Leaderboard) -> APIRouter:
    routes = APIRouter(prefix="/api/v1", tags=["leaderboard"])

    @routes.get("/leaderboard", summary="Get the leaderboard")
    def standings(annotator: Annotator = "") -> list[StandingBody]:
        """Bradley-Terry scores of all compared versions with 95 % intervals, best first. `against` lists the results against each other version."""
        return StandingBody.all_of(leaderboard.board(annotator))

    @routes.get("/leaderboard/board", summary="Get the whole leaderboard")
    def board(annotator: Annotator = "") -> BoardBody:
        """Scores, the win matrix and the effects of length and side in one answer."""
        return BoardBody.model_validate(leaderboard.board(annotator), from_attributes=True)

    @routes.get("/leaderboard/effects", summary="Get the effect of length and position")
    def effects(annotator: Annotator = "") -> EffectsBody:
        """How often a reply wins because it is longer, or because it is on the left, and how many votes there are."""
        return EffectsBody.model_validate(leaderboard.board(annotator), from_attributes=True)

    return routes
