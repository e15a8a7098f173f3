"""What a pair that was ranked twice says: the same choice again, or another one. Pure."""

from dataclasses import dataclass
from typing import Literal

from feedback_app.domain.comparison import Comparison

Choice = Literal["first", "other", "tie", "bad"]
"""What a ranking says of a pair: its first candidate is the best, another one is, a tie, or all bad."""
RepeatOutcome = Literal["same", "reversed", "tie", "bad"]


@dataclass(frozen=True, slots=True)
class RankedPair:
    """A pair that was ranked twice, without its texts: the ids of both comparisons, and what was chosen each time. In the repeat, the
    candidates are in the opposite order."""

    original: str
    repeat: str
    first: Choice
    second: Choice

    @property
    def outcome(self) -> RepeatOutcome:
        return compare_choices(self.first, self.second)


def compare_choices(first: Choice, second: Choice) -> RepeatOutcome:
    """How the choice in the repeat compares with the one in the original."""
    choices = {first, second}
    if "bad" in choices:
        return "same" if len(choices) == 1 else "bad"
    if "tie" in choices:
        return "same" if len(choices) == 1 else "tie"
    return "reversed" if len(choices) == 1 else "same"


def choice_of(comparison: Comparison) -> Choice | None:
    """What its ranking says; None without a ranking."""
    ranking = comparison.ranking
    if ranking is None:
        return None
    if ranking.all_bad:
        return "bad"
    if len(ranking.groups) == 1:
        return "tie"
    return "first" if ranking.groups[0][0] == comparison.candidates[0].id else "other"
