"""Whether a round can start, whether it is worth it, and how many more votes it needs."""

import math
from dataclasses import dataclass

from feedback_app.domain.learning_curve import FEWEST
from feedback_app.domain.round import RoundState
from feedback_app.services.reward.guess_calibration import GuessCalibration, RoundAdvice
from feedback_app.services.rounds.lineage import Lineage
from feedback_app.services.rounds.training_data import TrainingData
from feedback_app.store import Store

LOOK_BACK = 50
TRAINED = (RoundState.promoted, RoundState.held)


@dataclass(frozen=True, slots=True)
class Readiness:
    """`decided` rankings were given. A round needs `min_pairs` training pairs, of which there are `pairs`; `needed_more` votes
    are expected to fill the rest (some prompts are held out to test the new version). `advice_after` votes until advice can be
    given, 0 where it can; `worth_more` is that advice: votes until a round is worth it, 0 now, None unknown. `trained`: a round
    has learned from this data before; `unlearned` pairs came since; `running`: one is queued or runs."""

    decided: int
    pairs: int
    min_pairs: int
    needed_more: int
    advice_after: int = 0
    worth_more: int | None = None
    trained: bool = False
    running: bool = False
    unlearned: int = 1

    @property
    def up_to_date(self) -> bool:
        """Whether the last round has learned from every pair there is."""
        return self.trained and self.unlearned <= 0

    @property
    def ready(self) -> bool:
        """Whether there is enough to train on."""
        return self.pairs >= self.min_pairs

    @property
    def share(self) -> float:
        """How much of what a round needs is there, from 0 to 1."""
        return min(1.0, self.pairs / max(self.min_pairs, 1))


def votes_needed(missing_pairs: int, heldout_fraction: float) -> int:
    """Votes that are expected to give so many training pairs: a part of the prompts is held out."""
    return math.ceil(max(0, missing_pairs) / max(1 - heldout_fraction, 0.01))


def readiness(
    decided: int,
    pairs: int,
    min_pairs: int,
    heldout_fraction: float,
    round_advice: RoundAdvice,
    trained: bool = False,
    running: bool = False,
    unlearned: int = 1,
) -> Readiness:
    """From the counts; `round_advice` is what the guesses say."""
    return Readiness(
        decided,
        pairs,
        min_pairs,
        votes_needed(min_pairs - pairs, heldout_fraction),
        max(0, FEWEST - round_advice.right.trials) if round_advice.missing is None else 0,
        round_advice.missing,
        trained,
        running,
        unlearned,
    )


def readiness_text(now: Readiness) -> str:
    """What to do next, in one line."""
    if now.running:
        return "A round is under way"
    if not now.ready:
        return f"About {_more_votes(now.needed_more)} until you can train a new version"
    if now.up_to_date:
        return "The last round learned from all your votes: rank more before the next one"
    ready = "Ready to train again" if now.trained else "Ready to train"
    if now.worth_more:
        return f"{ready}; about {_more_votes(now.worth_more)} are worth waiting for"
    if now.advice_after:
        return f"{ready}; {_more_votes(now.advice_after)} until I can advise when to train"
    return ready


def _more_votes(number: int) -> str:
    return f"{number:,} more {'vote' if number == 1 else 'votes'}"


@dataclass(frozen=True, slots=True)
class RoundReadiness:
    """Counts when it is asked."""

    store: Store
    training_data: TrainingData
    guess_calibration: GuessCalibration
    lineage: Lineage
    min_pairs: int
    heldout_fraction: float

    def votes(self) -> tuple[int, int]:
        """How many rankings were given, and how many more are expected to be needed before a round can start."""
        ranked = self.store.comparisons.counts()["ranked"]
        return ranked, votes_needed(self.min_pairs - self.training_data.pairs(), self.heldout_fraction)

    def now(self) -> Readiness:
        rounds = self.store.rounds.list(LOOK_BACK)
        trained = [round_ for round_ in rounds if round_.state in TRAINED and round_.method != "reward"]
        learned = self.lineage.counts(trained[0].snapshot).get("train", 0) if trained else 0
        pairs = self.training_data.pairs()
        return readiness(
            self.store.comparisons.counts()["ranked"],
            pairs,
            self.min_pairs,
            self.heldout_fraction,
            self.guess_calibration.round_advice(),
            trained=bool(trained),
            running=any(not round_.state.final for round_ in rounds),
            unlearned=pairs - learned,
        )
