"""The live reward model: it learns after every ranking and gives probabilities.

It reads the style of a reply (`style.py`) and not its content. Measured on real annotators, sentence embeddings added
nothing, and hidden states added too little for their cost in a running service (docs/decisions/0014-reward-model.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from reward_model.posterior import PairFeatures, Posterior, fit, fit_widths, information, use_weights
from reward_model.rankings import Messages, Ranked, pairs_of
from reward_model.style import style_features

Array = npt.NDArray[np.float64]

REFIT_GROWTH = 1.1
"""Width and scales are chosen again whenever there are a tenth more rankings. In between, Newton's method continues from the last fit."""
SMALLEST_SCALE = 0.05
DRAWS = 400


@dataclass(frozen=True, slots=True)
class RankingFeatures:
    """The features of one ranking. `features`: (replies, d). For each pair `x`: feature difference, better less worse, (pairs, d);
    `tie`: (pairs,); `texts`: the two replies."""

    features: Array
    x: Array
    tie: npt.NDArray[np.bool_]
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Taste:
    """The taste that was learned. Features are divided by `scale` (d,), then scored by the posterior. `rankings`: how many there were at the last full fit."""

    posterior: Posterior
    scale: Array
    rankings: int


class LiveRewardModel:
    """Thread-safe. It lives in memory: a service that starts hands it all rankings again."""

    def __init__(self, seed: int = 0) -> None:
        self._rankings: dict[str, RankingFeatures] = {}
        self._lock = Lock()
        self._taste: Taste | None = None
        self._stale = False
        self._seed = seed

    @property
    def votes(self) -> int:
        """How many rankings it has learned from."""
        return len(self._rankings)

    def learn(self, key: str, prompt: Messages, replies: Sequence[str], places: Sequence[int]) -> None:
        """Learn the ranking of comparison `key`. It replaces an earlier one. The fit waits for the next guess, so many rankings
        in a row cost one fit."""
        ranked = Ranked(tuple(prompt), tuple(replies), tuple(places), comparison_id=key)
        with self._lock:
            self._rankings.pop(key, None)
            if pairs_of(ranked):
                self._rankings[key] = _read(ranked)
            self._stale = True

    def forget(self, key: str) -> None:
        """Remove the ranking of comparison `key`."""
        with self._lock:
            self._stale |= self._rankings.pop(key, None) is not None

    def chances(self, prompt: Messages, replies: Sequence[str]) -> tuple[float, ...] | None:
        """The chance of each reply to be the best. The chances sum to 1. None while nothing was learned."""
        taste = self._learned()
        if taste is None:
            return None
        x = _features(replies) / taste.scale
        if len(replies) == 2:
            first = float(taste.posterior.win(x[:1] - x[1:])[0])
            return first, 1 - first
        return tuple(float(chance) for chance in _best_of(taste.posterior, x, self._seed))

    def informative_pair(
        self, prompt: Messages, replies: Sequence[str], allowed: Sequence[tuple[int, int]]
    ) -> tuple[int, int]:
        """The pair of indices, among those allowed, whose ranking would tell most. The first while nothing was learned."""
        taste = self._learned()
        if taste is None:
            return allowed[0]
        x = _features(replies) / taste.scale
        gains = information(taste.posterior, np.stack([x[i] - x[j] for i, j in allowed]))
        return allowed[int(gains.argmax())]

    def _learned(self) -> Taste | None:
        with self._lock:
            if self._stale:
                self._taste, self._stale = _taste_of(list(self._rankings.values()), self._taste), False
            return self._taste


def _read(ranked: Ranked) -> RankingFeatures:
    features, pairs = _features(ranked.replies), pairs_of(ranked)
    return RankingFeatures(
        features,
        x=np.stack([features[pair.better] - features[pair.worse] for pair in pairs]),
        tie=np.array([pair.tie for pair in pairs]),
        texts=tuple((ranked.replies[pair.better], ranked.replies[pair.worse]) for pair in pairs),
    )


def _taste_of(rankings: Sequence[RankingFeatures], previous: Taste | None) -> Taste | None:
    if all(ranking.tie.all() for ranking in rankings):
        return None
    if previous and previous.rankings / REFIT_GROWTH < len(rankings) < previous.rankings * REFIT_GROWTH:
        return _refit(rankings, previous)
    return _fitted(rankings, previous)


def _fitted(rankings: Sequence[RankingFeatures], previous: Taste | None) -> Taste:
    """Fit with new scales, width and sharpness. The search for the width starts at the previous one."""
    scale = scale_of(np.concatenate([ranking.features for ranking in rankings]))
    posterior = previous.posterior if previous else None
    return Taste(fit_widths(_pairs(rankings, scale), around=posterior), scale, len(rankings))


def _refit(rankings: Sequence[RankingFeatures], previous: Taste) -> Taste:
    """The posterior of all rankings under the previous scales, width and sharpness. `rankings` stays that of the last full fit."""
    posterior = fit(_pairs(rankings, previous.scale), previous.posterior.width, previous.posterior.mean)
    return replace(previous, posterior=replace(posterior, sharpness=previous.posterior.sharpness))


def _pairs(rankings: Sequence[RankingFeatures], scale: Array) -> PairFeatures:
    """The pairs of all rankings."""
    texts = [pair for ranking in rankings for pair in ranking.texts]
    x = np.concatenate([ranking.x for ranking in rankings]) / scale
    return PairFeatures(x, np.concatenate([ranking.tie for ranking in rankings]), use_weights(texts))


def scale_of(features: Array) -> Array:
    """The standard deviation of each feature over replies of shape (n, d), not below SMALLEST_SCALE; shape (d,)."""
    return np.asarray(np.maximum(features.std(0), SMALLEST_SCALE), np.float64)


def _best_of(posterior: Posterior, x: Array, seed: int) -> Array:
    """The chance of each of k replies, features (k, d), to be chosen first (Plackett 1975), over draws of w; (k,)."""
    chance = np.random.default_rng(seed)
    scores = x @ chance.multivariate_normal(posterior.mean, posterior.covariance, DRAWS, method="cholesky").T
    chances: Array = np.exp(log_softmax(posterior.sharpness * scores, axis=0)).mean(1)
    return chances


def _features(replies: Sequence[str]) -> Array:
    return np.stack([style_features(reply) for reply in replies])
