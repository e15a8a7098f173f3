"""The live reward model: it learns after every ranking and gives probabilities.

It sees how a reply is said (`style.py`), not what about: measured on real annotators, sentence embeddings added
nothing to that, and hidden states too little for what they cost a running service (docs/decisions/0014-reward-model.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from reward_model.posterior import Duels, Posterior, fit, fit_widths, information, use_weights
from reward_model.rankings import Messages, Ranked, duels
from reward_model.style import style_features

Array = npt.NDArray[np.float64]

REFIT_GROWTH = 1.1
"""Width and scales are chosen anew each time there are a tenth more verdicts; in between, Newton goes on from the last."""
SMALLEST_SCALE = 0.05
DRAWS = 400


@dataclass(frozen=True, slots=True)
class Verdict:
    """One ranking. `features`: (replies, d); of each duel `x`: feature difference, better less worse, (duels, d); `tie`:
    (duels,); `names`: both texts."""

    features: Array
    x: Array
    tie: npt.NDArray[np.bool_]
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Taste:
    """What was learned: features are divided by `scale` (d,), then scored by the posterior."""

    posterior: Posterior
    scale: Array
    verdicts: int


class LiveRewardModel:
    """Thread-safe. What is about it lies in memory: a service that starts tells it all verdicts again."""

    def __init__(self, seed: int = 0) -> None:
        self._verdicts: dict[str, Verdict] = {}
        self._lock = Lock()
        self._taste: Taste | None = None
        self._stale = False
        self._seed = seed

    @property
    def votes(self) -> int:
        """How many verdicts it knows."""
        return len(self._verdicts)

    def learn(self, key: str, prompt: Messages, replies: Sequence[str], places: Sequence[int]) -> None:
        """The verdict of comparison `key`, in place of an earlier one. It counts from the next guess on: many verdicts
        in a row cost one fit."""
        ranked = Ranked(tuple(prompt), tuple(replies), tuple(places), comparison_id=key)
        with self._lock:
            self._verdicts.pop(key, None)
            if duels(ranked):
                self._verdicts[key] = _read(ranked)
            self._stale = True

    def forget(self, key: str) -> None:
        """As if there had been no verdict on comparison `key`."""
        with self._lock:
            self._stale |= self._verdicts.pop(key, None) is not None

    def chances(self, prompt: Messages, replies: Sequence[str]) -> tuple[float, ...] | None:
        """The chance of each reply to be the best, which sum to 1; None while nothing was learned."""
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
        """Of the allowed pairs of indices the one whose verdict would tell most; the first while nothing was learned."""
        taste = self._learned()
        if taste is None:
            return allowed[0]
        x = _features(replies) / taste.scale
        told = information(taste.posterior, np.stack([x[i] - x[j] for i, j in allowed]))
        return allowed[int(told.argmax())]

    def _learned(self) -> Taste | None:
        with self._lock:
            if self._stale:
                self._taste, self._stale = _taste_of(list(self._verdicts.values()), self._taste), False
            return self._taste


def _read(ranked: Ranked) -> Verdict:
    features, found = _features(ranked.replies), duels(ranked)
    return Verdict(
        features,
        x=np.stack([features[duel.better] - features[duel.worse] for duel in found]),
        tie=np.array([duel.tie for duel in found]),
        names=tuple((ranked.replies[duel.better], ranked.replies[duel.worse]) for duel in found),
    )


def _taste_of(verdicts: Sequence[Verdict], known: Taste | None) -> Taste | None:
    if all(verdict.tie.all() for verdict in verdicts):
        return None
    if known and known.verdicts / REFIT_GROWTH < len(verdicts) < known.verdicts * REFIT_GROWTH:
        return _went_on(verdicts, known)
    return _fitted(verdicts, known)


def _fitted(verdicts: Sequence[Verdict], known: Taste | None) -> Taste:
    """Scales, width and sharpness chosen anew; widths next to the known one, from where it stood."""
    scale = scale_of(np.concatenate([verdict.features for verdict in verdicts]))
    posterior = known.posterior if known else None
    return Taste(fit_widths(_duels(verdicts, scale), around=posterior), scale, len(verdicts))


def _went_on(verdicts: Sequence[Verdict], known: Taste) -> Taste:
    """The posterior of all verdicts under the scales, width and sharpness known; `verdicts` stays the last full fit's."""
    found = fit(_duels(verdicts, known.scale), known.posterior.width, known.posterior.mean)
    return replace(known, posterior=replace(found, sharpness=known.posterior.sharpness))


def _duels(verdicts: Sequence[Verdict], scale: Array) -> Duels:
    """All duels of the verdicts."""
    names = [pair for verdict in verdicts for pair in verdict.names]
    x = np.concatenate([verdict.x for verdict in verdicts]) / scale
    return Duels(x, np.concatenate([verdict.tie for verdict in verdicts]), use_weights(names))


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
