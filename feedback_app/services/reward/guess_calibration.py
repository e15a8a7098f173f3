"""How often the live reward model predicted the owner's rankings, and when the next round is worth it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alignment.contract.statistics import bins_of_confidence, calibration_error
from feedback_app.domain.comparison import Selection
from feedback_app.domain.guess import Guess
from feedback_app.domain.learning_curve import first_round, next_round
from feedback_app.domain.round import RoundState
from feedback_app.services.arena.repeats import Repeats, SelfAgreement
from feedback_app.services.reward.live_reward import LiveRewardService, LiveState
from feedback_app.services.shares import Share, share
from feedback_app.store import Store

RECENT = 50
BINS = 5


@dataclass(frozen=True, slots=True)
class Bin:
    """Guesses whose stated confidence is from `low` to `high`: their mean confidence, and how many were right."""

    low: float
    high: float
    confidence: float
    right: Share


@dataclass(frozen=True, slots=True)
class AccuracyPoint:
    """After `votes` guesses: accuracy over the last RECENT of them, and over all."""

    votes: int
    recent: float
    overall: float


@dataclass(frozen=True, slots=True)
class GuessAccuracy:
    """Guesses on pairs of two where both ranking and guess preferred one; `ties` are left out of all else.

    `error` is the expected calibration error (Guo et al. 2017, equation 3), None without guesses.
    """

    recent: Share
    overall: Share
    drawn: Share
    chosen: Share
    ties: int
    bins: tuple[Bin, ...]
    error: float | None
    curve: tuple[AccuracyPoint, ...]


def guess_accuracy(marked: Sequence[tuple[Guess, Selection]]) -> GuessAccuracy:
    """From guesses with their marks and how their pair was selected, in the order of the rankings."""
    pairs = [(guess, how) for guess, how in marked if len(guess.probabilities) == 2]
    clear = [(guess, how) for guess, how in pairs if guess.correct != 0.5]
    guesses = [guess for guess, _ in clear]
    bins = bins_of_confidence([(guess.confidence, guess.correct or 0) for guess in guesses], BINS)
    return GuessAccuracy(
        recent=_right(guesses[-RECENT:]),
        overall=_right(guesses),
        drawn=_right([guess for guess, how in clear if how == "random"]),
        chosen=_right([guess for guess, how in clear if how == "active"]),
        ties=len(pairs) - len(clear),
        bins=tuple(
            Bin(each.low, each.high, each.confidence, share(round(each.right), each.guesses)) for each in bins
        ),
        error=calibration_error(bins) if bins else None,
        curve=curve([guess.correct == 1 for guess in guesses]),
    )


def curve(right: Sequence[bool]) -> tuple[AccuracyPoint, ...]:
    """Accuracy after each guess."""
    points, total, window = [], 0, 0
    for i, hit in enumerate(right, start=1):
        total += hit
        window += hit - (right[i - 1 - RECENT] if i > RECENT else 0)
        points.append(AccuracyPoint(i, window / min(i, RECENT), total / i))
    return tuple(points)


def _right(guesses: Sequence[Guess]) -> Share:
    return share(sum(guess.correct == 1 for guess in guesses), len(guesses))


@dataclass(frozen=True, slots=True)
class RoundAdvice:
    """`missing` rankings until a round is worth it, 0 where it is, None where that cannot be said honestly. `right` of the
    clear guesses so far; `later`: a round has learned from some of them."""

    missing: int | None
    right: Share
    later: bool


def round_advice(marked: Sequence[tuple[Guess, Selection]], round_began: datetime | None) -> RoundAdvice:
    """What the guesses say of the next round; `round_began` is when the last one took its rankings."""
    clear = [guess for guess, _ in marked if len(guess.probabilities) == 2 and guess.correct in (0, 1)]
    right = [guess.correct == 1 for guess in clear]
    learned = sum(guess.created_at < round_began for guess in clear) if round_began else 0
    missing = next_round(right, learned) if learned else first_round(right)
    return RoundAdvice(missing, _right(clear[-RECENT:]), learned > 0)


class GuessCalibration:
    """What the page of the reward model shows."""

    def __init__(self, store: Store, live: LiveRewardService, repeats: Repeats) -> None:
        self._store = store
        self._live = live
        self._repeats = repeats

    def state(self) -> LiveState:
        return self._live.state()

    def signature(self) -> tuple[Any, ...]:
        """Changes whenever something else here does; cheap to ask for."""
        return self._live.state(), tuple(self._store.guesses.counts().values())

    def round_advice(self) -> RoundAdvice:
        ended = (RoundState.promoted, RoundState.held)
        began = [round_.created_at for round_ in self._store.rounds.list(RECENT) if round_.state in ended]
        return round_advice(self._store.guesses.marked(), max(began, default=None))

    def guess_accuracy(self) -> GuessAccuracy:
        return guess_accuracy(self._store.guesses.marked())

    def repeats(self) -> SelfAgreement:
        return self._repeats.agreement()
