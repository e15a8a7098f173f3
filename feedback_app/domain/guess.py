"""What the live reward model expected before a comparison was ranked."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from feedback_app.domain.comparison import Comparison

EVEN = 1e-9


@dataclass(frozen=True, slots=True)
class Guess:
    """`probabilities[i]` is the chance that candidate i is put first, `votes` how many verdicts it had learned from.

    After the verdict: `chosen_probability` of the reply that was put first (None where several were), and `correct`: 1,
    0, or 0.5 where verdict or guess put several first; both None where all were bad.
    """

    comparison_id: str
    probabilities: tuple[float, ...]
    votes: int
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    chosen_probability: float | None = None
    correct: float | None = None

    @property
    def best(self) -> tuple[int, ...]:
        """The likeliest candidates, by index: one, or several that are equally likely."""
        highest = max(self.probabilities)
        return tuple(i for i, chance in enumerate(self.probabilities) if highest - chance <= EVEN)

    @property
    def confidence(self) -> float:
        return max(self.probabilities)


def marked(guess: Guess, comparison: Comparison) -> Guess:
    """The guess held against the verdict of its comparison; as before any verdict where there is none."""
    ranking = comparison.ranking
    if ranking is None or ranking.all_bad:
        return replace(guess, chosen_probability=None, correct=None)
    first = [i for i, candidate in enumerate(comparison.candidates) if candidate.id in ranking.groups[0]]
    chosen = guess.probabilities[first[0]] if len(first) == 1 else None
    hit = any(i in first for i in guess.best)
    sure = len(first) == 1 and len(guess.best) == 1
    return replace(guess, chosen_probability=chosen, correct=float(hit) if sure or not hit else 0.5)
