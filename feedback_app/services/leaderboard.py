"""Who wins the votes: Bradley-Terry scores with bootstrap intervals.

Bradley and Terry 1952: P(i beats j) = exp(s_i) / (exp(s_i) + exp(s_j)). Scores are put on the Elo scale,
400 / ln 10 per unit, with `base` at 1000.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import evalica
import numpy as np
import numpy.typing as npt

from feedback_app.domain.comparison import Comparison, Ranking
from feedback_app.store import Store

ELO = 400 / math.log(10)
BOOTSTRAPS = 200


@dataclass(frozen=True, slots=True)
class Duel:
    """Two candidates of different models in one ranking; `score` is 1 if the left won, 0.5 for a tie, else 0."""

    left: str
    right: str
    score: float


@dataclass(frozen=True, slots=True)
class Standing:
    """`score` on the Elo scale (base = 1000) with its 95 % bootstrap interval; `wins` counts a tie as half."""

    model: str
    score: float
    low: float
    high: float
    votes: int
    wins: float


def duels(comparison: Comparison) -> list[Duel]:
    """What the verdicts that count say about models. Candidates of the same model say nothing; `all_bad` neither.

    Pairs that the live reward model chose are left out, as are pairs that came back: which replies meet would depend on
    earlier verdicts, and scores from such a choice are biased.
    """
    if comparison.selection != "random" or comparison.repeat_of is not None:
        return []
    return [duel for ranking in comparison.verdicts for duel in _duels_of(comparison, ranking)]


def _duels_of(comparison: Comparison, ranking: Ranking) -> list[Duel]:
    if ranking.all_bad:
        return []
    place = {name: i for i, group in enumerate(ranking.groups) for name in group}
    return [
        Duel(left.model, right.model, (1 + np.sign(place[right.id] - place[left.id])) / 2)
        for left, right in combinations(comparison.candidates, 2)
        if left.model != right.model
    ]


def standings(fought: Sequence[Duel], anchor: str = "base", seed: int = 0) -> list[Standing]:
    """All models that met, best first."""
    if not fought:
        return []
    models = sorted({name for duel in fought for name in (duel.left, duel.right)})
    chance = np.random.default_rng(seed)
    point = _scores(fought, models, anchor)
    samples = np.array(
        [
            _scores([fought[i] for i in chance.integers(len(fought), size=len(fought))], models, anchor)
            for _ in range(BOOTSTRAPS)
        ]
    )
    low, high = np.percentile(samples, [2.5, 97.5], axis=0)
    votes, wins = tally(fought)
    rows = [
        Standing(name, float(point[i]), float(low[i]), float(high[i]), votes[name], wins[name])
        for i, name in enumerate(models)
    ]
    return sorted(rows, key=lambda row: -row.score)


def tally(fought: Iterable[Duel]) -> tuple[Counter[str], dict[str, float]]:
    """Votes and wins of each model; a tie is half a win."""
    votes: Counter[str] = Counter()
    wins: dict[str, float] = {}
    for duel in fought:
        votes.update((duel.left, duel.right))
        wins[duel.left] = wins.get(duel.left, 0.0) + duel.score
        wins[duel.right] = wins.get(duel.right, 0.0) + 1 - duel.score
    return votes, wins


def _scores(fought: Sequence[Duel], models: Sequence[str], anchor: str) -> npt.NDArray[np.float64]:
    """Scores of `models`, shape (len(models),). One virtual draw a pair keeps a model that only won finite."""
    prior = [Duel(a, b, 0.5) for a, b in combinations(models, 2)]
    played = [*fought, *prior]
    winners = [_winner(duel) for duel in played]
    result = evalica.bradley_terry([d.left for d in played], [d.right for d in played], winners)
    raw = np.array([math.log(max(float(result.scores[name]), 1e-12)) for name in models])
    zero = raw[models.index(anchor)] if anchor in models else raw.mean()
    scores: npt.NDArray[np.float64] = 1000 + ELO * (raw - zero)
    return scores


def _winner(duel: Duel) -> evalica.Winner:
    if duel.score == 0.5:
        return evalica.Winner.Draw
    return evalica.Winner.X if duel.score > 0.5 else evalica.Winner.Y


class Leaderboard:
    def __init__(self, store: Store) -> None:
        self._store = store

    def standings(self) -> list[Standing]:
        return standings(
            [duel for comparison in self._store.comparisons.judged() for duel in duels(comparison)]
        )
