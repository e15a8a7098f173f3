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
    """What a version won of its pairs with one other; a tie is half a win."""

    model: str
    wins: float
    votes: int


class EffectBody(BaseModel):
    """How often one of two equal replies wins for that reason; `low` and `high` bound its 95 % interval."""

    share: float
    low: float
    high: float


class EffectsBody(BaseModel):
    """`length`: by being twice as long in characters. `side`: by standing left. Not `enough` votes: hardly more than a guess."""

    length: EffectBody | None
    side: EffectBody | None
    comparisons: int
    duels: int = Field(validation_alias="pairs")
    enough: bool


class BoardBody(BaseModel):
    """All of it at once. `points[i][j]` of `votes[i][j]` pairs that version i won against version j; a tie is half a point."""

    standings: list["PlainStanding"]
    points: list[list[float]]
    votes: list[list[int]]
    length: EffectBody | None
    side: EffectBody | None
    comparisons: int
    duels: int = Field(validation_alias="pairs")
    enough: bool


class PlainStanding(BaseModel):
    """`score` on the Elo scale with `base` at 1000; `low` and `high` bound its 95 % interval. `adjusted`: were all replies
    equally long and as often left. Not `enough` votes: the scores are hardly more than a guess."""

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
    """`against`: what it won of its pairs with each other version."""

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

    @routes.get("/leaderboard/board", summary="The whole leaderboard")
    def board(annotator: Annotator = "") -> BoardBody:
        """Scores, the win matrix, and what length and side do, in one answer."""
        return BoardBody.model_validate(leaderboard.board(annotator), from_attributes=True)

    @routes.get("/leaderboard/effects", summary="Get the effect of length and position")
    def effects(annotator: Annotator = "") -> EffectsBody:
        """How often a reply wins because it is longer, or because it is on the left, and how many votes there are."""
        return EffectsBody.model_validate(leaderboard.board(annotator), from_attributes=True)

    return routes
