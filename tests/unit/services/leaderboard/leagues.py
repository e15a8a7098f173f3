"""Simulated leagues with planted strengths, length and side effects."""

from dataclasses import dataclass

import numpy as np

from feedback_app.domain.pairwise_outcomes import RankingOutcome, ShownReply, ranking_outcome
from feedback_app.services.leaderboard.design_matrix import CountedOutcomes


@dataclass(frozen=True, slots=True)
class Planted:
    """In log odds: strengths from `spread` / -2 to `spread` / 2, `length` for a doubling, `left` for the first reply. Of equal
    replies a share of `ties` ends in one (Davidson 1970, scaled). Better models write longer."""

    models: int = 5
    spread: float = 1.0
    length: float = 0.4
    left: float = 0.3
    ties: float = 0.0

    @property
    def strengths(self) -> np.ndarray:
        return np.linspace(-self.spread / 2, self.spread / 2, self.models)

    def design_matrix(self, number: int, seed: int, replies: int = 2) -> list[CountedOutcomes]:
        """So many comparisons, judged by Plackett and Luce's model (for two: Bradley and Terry's)."""
        chance = np.random.default_rng(seed)
        found: list[CountedOutcomes] = []
        for _ in range(number):
            models = chance.choice(self.models, replies, replace=False)
            strength = self.strengths[models]
            lengths = np.exp(chance.normal(5, 0.5, replies) + 0.5 * strength).astype(int) + 1
            utility = strength + self.length * np.log2(lengths)
            utility[0] += self.left
            said = ranking_outcome(shown(models, lengths), self._groups(utility, chance))
            found.append(((said,), 1))
        return found

    def _groups(self, utility: np.ndarray, chance: np.random.Generator) -> list[list[str]]:
        if len(utility) == 2 and chance.random() < _tie(utility[0] - utility[1], self.ties):
            return [["c0", "c1"]]
        order = np.argsort(-(utility + chance.gumbel(size=len(utility))))
        return [[f"c{i}"] for i in order]


def _tie(difference: float, share: float) -> float:
    """Davidson (1970): ties are likeliest between equals, where their share is `share`."""
    nu = 2 * share / (1 - share) if share else 0.0
    return nu / (nu + 2 * np.cosh(difference / 2))


def shown(models: np.ndarray, lengths: np.ndarray) -> list[ShownReply]:
    return [
        ShownReply(f"c{i}", f"m{m}", i, int(n)) for i, (m, n) in enumerate(zip(models, lengths, strict=True))
    ]


def pair(left: str, right: str, score: float, steps: int = 0) -> RankingOutcome:
    """Two replies, of which the left won (`score` 1), lost (0) or did neither; it is longer by so many quarters of a doubling."""
    return RankingOutcome((left, right), (0, -steps), {1: (0, 1), 0: (1, 0), 0.5: (0, 0)}[score])


def apart(*said: RankingOutcome) -> list[CountedOutcomes]:
    """Each of a comparison of its own."""
    return [((one,), 1) for one in said]
