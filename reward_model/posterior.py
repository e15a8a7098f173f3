"""A Bayesian Bradley-Terry head over fixed features: an estimate of the owner's taste, with its uncertainty.

A reply's score is w . f with a Gaussian prior on w. A pair with feature difference x is won with probability
sigmoid(x . w - eta), lost with sigmoid(-x . w - eta), and otherwise a tie (Rao and Kupper 1967). The posterior is
Laplace's approximation; the prior's width is chosen by the evidence (MacKay 1992, "Bayesian interpolation").

The features do not describe a reply completely, so each further pair with the same reply adds less. A pair whose replies are in a and b
pairs has the weight 1 / sqrt(a b). These weights make the head underconfident. A sharpness, the inverse of a temperature, corrects that.
It is fitted to leave-one-out guesses.
"""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit

Array = npt.NDArray[np.float64]

WIDTHS = tuple(float(width) for width in np.geomspace(0.02, 0.64, 6))
STEPS = 30
TOLERANCE = 1e-5
MOST_LEVERAGE = 0.05
DOUBT = 0.5
"""Standard deviation of the prior on the logarithm of the sharpness. With few pairs the sharpness stays near 1."""
LOGISTIC = math.pi / 8
"""sigmoid(z) is close to the normal distribution function of z times the root of this (MacKay 1992)."""


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """`x`: feature difference, better minus worse, shape (n, d); `tie` and `weight`: shape (n,)."""

    x: Array
    tie: npt.NDArray[np.bool_]
    weight: Array


@dataclass(frozen=True, slots=True)
class Posterior:
    """`mean` (d,) and `covariance` (d, d) of w; `eta`: the tie threshold; `width`: standard deviation of the prior;
    `evidence`: log of the marginal likelihood; `sharpness`: the factor on margins, the inverse of a temperature."""

    mean: Array
    covariance: Array
    eta: float
    width: float
    evidence: float
    sharpness: float = 1.0

    def margin(self, x: Array) -> tuple[Array, Array]:
        """Mean and variance of the margin for differences of shape (n, d)."""
        variance = np.einsum("nd,nd->n", x @ self.covariance, x)
        return self.sharpness * (x @ self.mean), self.sharpness**2 * variance

    def win(self, x: Array) -> Array:
        """Chance that the first of each pair is preferred, given that the pair is no tie; shape (n,).

        Uncertainty about w pulls it towards one half.
        """
        mean, variance = self.margin(x)
        shown = mean / np.sqrt(1 + LOGISTIC * variance)
        return np.asarray(expit(shown))


def use_weights(pairs: Sequence[tuple[Hashable, Hashable]]) -> Array:
    """The weight of each pair, shape (n,). `pairs` holds a key for each of its two replies."""
    uses = Counter(reply for pair in pairs for reply in pair)
    return np.array([1 / math.sqrt(uses[a] * uses[b]) for a, b in pairs])


def tie_threshold(ties: float, pairs: float) -> float:
    """The eta at which two equal replies tie as often as observed, with one pair without a tie added. 0 without ties."""
    if ties <= 0:
        return 0.0
    share = min(ties / (pairs + 1), 0.95)
    return float(math.log((1 + share) / (1 - share)))


def fit(pairs: PairFeatures, width: float, start: Array | None = None) -> Posterior:
    """Laplace's posterior under a prior of that width. `start` (d,) makes a refit after one vote fast."""
    eta = tie_threshold(float(pairs.weight[pairs.tie].sum()), float(pairs.weight.sum()))
    precision = np.eye(pairs.x.shape[1]) / width**2
    w = np.zeros(pairs.x.shape[1]) if start is None else start
    value, gradient, curvature = _objective(pairs, eta, w, precision)
    for _ in range(STEPS):
        step = np.asarray(np.linalg.solve(curvature, gradient), np.float64)
        w, value, gradient, curvature, moved = _line_search(pairs, eta, w, step, value, precision)
        if moved < TOLERANCE:
            break
    _, logdet = np.linalg.slogdet(curvature)
    evidence = -value - 0.5 * logdet - len(w) * math.log(width)
    return Posterior(w, np.asarray(np.linalg.inv(curvature), np.float64), eta, width, float(evidence))


def fit_widths(
    pairs: PairFeatures, widths: tuple[float, ...] = WIDTHS, around: Posterior | None = None
) -> Posterior:
    """The posterior of the width with the greatest evidence, sharpened. With `around` only its width and the two nearest
    are tried, from its mean, which is fast."""
    start = around.mean if around else None
    if around is not None:
        nearest = sorted(widths, key=lambda width: abs(math.log(width / around.width)))
        widths = tuple(nearest[:3])
    best = max((fit(pairs, width, start) for width in widths), key=lambda posterior: posterior.evidence)
    return replace(best, sharpness=sharpness(best, pairs))


def sharpness(posterior: Posterior, pairs: PairFeatures) -> float:
    """The factor on margins that makes the pairs with a winner most likely, each guessed from the others (leave one out).

    Leaving one out moves its margin by leverage * slope / (1 - leverage * bend), Newton's step from the mean.
    """
    margin, variance = (
        pairs.x @ posterior.mean,
        np.einsum("nd,nd->n", pairs.x @ posterior.covariance, pairs.x),
    )
    _, slope, bend = log_likelihood(margin, pairs.tie, posterior.eta)
    leverage = variance * pairs.weight
    alone = (margin - leverage * slope / np.maximum(1 - leverage * bend, MOST_LEVERAGE))[~pairs.tie]

    def loss(log_factor: float) -> float:
        return float(-log_expit(np.exp(log_factor) * alone).sum() + 0.5 * (log_factor / DOUBT) ** 2)

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def log_likelihood(margin: Array, tie: npt.NDArray[np.bool_], eta: float) -> tuple[Array, Array, Array]:
    """Log-probability of each outcome with its first derivative and the negated second, by the margin; shape (n,)."""
    up, down = expit(margin - eta), expit(-margin - eta)
    won = log_expit(margin - eta), 1 - up, up * (1 - up)
    if not tie.any():
        return won
    # P(tie) = (e^2eta - 1) P(better) P(worse): Rao and Kupper 1967, equation 2.
    both = log_expit(margin - eta) + log_expit(-margin - eta) + math.log(math.expm1(2 * eta))
    tied = both, down - up, up * (1 - up) + down * (1 - down)
    return tuple(np.where(tie, t, w) for t, w in zip(tied, won, strict=True))


def information(posterior: Posterior, x: Array) -> Array:
    """What a ranking of each pair would tell about w, in nats, shape (n,): the entropy of the guess less the entropy
    that would remain if w were known (Houlsby et al. 2011, equation 4, with the probit in place of the sigmoid)."""
    mean, variance = posterior.margin(x)
    mean, variance = mean * math.sqrt(LOGISTIC), variance * LOGISTIC
    chance = np.clip(posterior.win(x), 1e-12, 1 - 1e-12)
    entropy = -chance * np.log(chance) - (1 - chance) * np.log1p(-chance)
    c = math.pi * math.log(2) / 2
    stays = math.log(2) * math.sqrt(c) / np.sqrt(variance + c) * np.exp(-(mean**2) / (2 * (variance + c)))
    return np.asarray(entropy - stays)


def _objective(pairs: PairFeatures, eta: float, w: Array, precision: Array) -> tuple[float, Array, Array]:
    """The negated log-posterior with its gradient (d,) and curvature (d, d)."""
    value, slope, bend = log_likelihood(pairs.x @ w, pairs.tie, eta)
    total = float(-(pairs.weight * value).sum() + 0.5 * w @ precision @ w)
    gradient = -pairs.x.T @ (pairs.weight * slope) + precision @ w
    return total, gradient, (pairs.x.T * (pairs.weight * bend)) @ pairs.x + precision


def _line_search(
    pairs: PairFeatures, eta: float, w: Array, step: Array, value: float, precision: Array
) -> tuple[Array, float, Array, Array, float]:
    """Newton's step, halved until it improves the objective."""
    size = 1.0
    while True:
        improved, gradient, curvature = _objective(pairs, eta, w - size * step, precision)
        if improved <= value + TOLERANCE or size < TOLERANCE:
            return w - size * step, improved, gradient, curvature, float(np.abs(size * step).max())
        size /= 2
