"""The leaderboard: Bradley-Terry scores with bootstrap intervals, plain and adjusted for length and side.

Scores are on the Elo scale, 400 / ln 10 per unit of log odds, with `base` at 1000.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feedback_app.domain.pairwise_outcomes import ENOUGH, RankingOutcome
from feedback_app.services.leaderboard.bradley_terry import Fitted, Floats, expit, fitted
from feedback_app.services.leaderboard.design_matrix import (
    CountedOutcomes,
    DesignMatrix,
    contingency_table,
    design_matrix,
)
from feedback_app.store import Store

ELO = 400 / math.log(10)
DRAWS = 200
OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Standing:
    """`score` on the Elo scale (base = 1000) with its 95 % bootstrap interval; `adjusted`: were both replies as long and
    as often left. `votes` is the number of its pairs; `wins` counts a tie as half. Not `enough` votes: the scores are hardly more than
    a guess."""

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


@dataclass(frozen=True, slots=True)
class Effect:
    """How often one of two equal replies wins, with its 95 % interval, because it is twice as long or stands left."""

    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Board:
    """Best model first, those without enough votes last. `points[i][j]` of `votes[i][j]` compared pairs that standing i won against standing j, ties as half.
    `length` and `side` are None where no two models were compared."""

    standings: tuple[Standing, ...] = ()
    points: tuple[tuple[float, ...], ...] = ()
    votes: tuple[tuple[int, ...], ...] = ()
    length: Effect | None = None
    side: Effect | None = None
    comparisons: int = 0
    pairs: int = 0

    @property
    def enough(self) -> bool:
        """Whether there are votes enough to speak of length and side."""
        return self.pairs >= ENOUGH


def board(kinds: Sequence[CountedOutcomes], anchor: str = "base", seed: int = 0) -> Board:
    """The board of all models that were compared."""
    if not kinds:
        return Board()
    met = design_matrix(kinds)
    plain, adjusted = fitted(contingency_table(met), DRAWS, seed)
    points, votes = met.matrix()
    rows = [_elo(fit, met, anchor) for fit in (plain, adjusted)]
    order = np.lexsort((-rows[0][0], votes.sum(axis=1) < ENOUGH))
    size = len(met.models)
    return Board(
        tuple(
            _standing(met.models[i], points[i].sum(), int(votes[i].sum()), *rows[0][:, i], *rows[1][:, i])
            for i in order
        ),
        tuple(tuple(map(float, points[i, order])) for i in order),
        tuple(tuple(map(int, votes[i, order])) for i in order),
        _effect(adjusted, size),
        _effect(adjusted, size + 1),
        int(met.counts.sum()),
        met.pairs,
    )


def _standing(model: str, wins: float, votes: int, *scores: float) -> Standing:
    score, low, high, adjusted, adjusted_low, adjusted_high = map(float, scores)
    return Standing(
        model, score, low, high, votes, float(wins), adjusted, adjusted_low, adjusted_high, votes >= ENOUGH
    )


def _elo(fit: Fitted, met: DesignMatrix, anchor: str) -> Floats:
    """Score, low, high of each model: (3, models). Without the anchor, the mean of all is at 1000."""
    both = np.column_stack([fit.point, fit.draws])[: len(met.models)]
    zero = both[met.models.index(anchor)] if anchor in met.models else both.mean(axis=0)
    scores = 1000 + ELO * (both - zero)
    return np.vstack([scores[:, 0], np.percentile(scores[:, 1:], [2.5, 97.5], axis=1)])


def _effect(fit: Fitted, row: int) -> Effect:
    low, high = np.percentile(fit.draws[row], [2.5, 97.5])
    return Effect(*(float(share) for share in expit(np.array([fit.point[row], low, high]))))


def counted_outcomes(store: Store, annotator: str = "") -> list[CountedOutcomes]:
    """What is said of comparisons, by the rankings that count or by that annotator's alone, and of how many each."""
    return [
        (tuple(map(RankingOutcome.from_line, lines)), count)
        for lines, count in store.outcomes.counts(annotator)
    ]


class Leaderboard:
    """Keeps the last answers until a ranking changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[object, Board]] = {}

    def board(self, annotator: str = "") -> Board:
        """Of the rankings that count, or of that annotator's alone."""
        stamp = self._store.outcomes.fingerprint()
        known = self._known.get(annotator)
        if known is None or known[0] != stamp:
            known = self._known[annotator] = stamp, board(counted_outcomes(self._store, annotator))
        return known[1]
