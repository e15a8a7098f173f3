"""Which version won against which: what a ranking says about the models of its replies. Pure, without any text."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from feedback_app.domain.comparison import Comparison, Ranking

Groups = Sequence[Sequence[str]]
"""Candidate ids, best first; a group of two or more is a tie."""
ENOUGH = 20
"""Votes below which a score says more about chance than about the model: 20 leave at best 150 Elo either way."""
STEPS_PER_DOUBLING = 4
"""Lengths are told in quarters of a doubling, so that many rankings are equal and can be counted."""


class ShownReply(NamedTuple):
    """A reply as the leaderboard knows it: `position` 1 is the leftmost (on a phone: the first), `length` in characters."""

    id: str
    model: str
    position: int
    length: int


class RankingOutcome(NamedTuple):
    """One ranking without its texts, replies from left to right: their `models`, their `places` (0 is best, equal is a tie), and
    by how many quarters of a doubling each is longer than the leftmost. Equal outcomes say the same."""

    models: tuple[str, ...]
    longer: tuple[int, ...]
    places: tuple[int, ...]

    def to_line(self) -> str:
        """As it is stored."""
        return json.dumps(self, separators=(",", ":"))

    @classmethod
    def from_line(cls, line: str) -> "RankingOutcome | None":
        """None for a damaged line."""
        try:
            models, longer, places = json.loads(line)
            outcome = cls(tuple(models), tuple(longer), tuple(places))
        except (ValueError, TypeError, RecursionError):
            return None
        return outcome if _sound(outcome) else None


def _sound(outcome: RankingOutcome) -> bool:
    """Whether it has a name and two whole numbers for each reply."""
    numbers = outcome.longer + outcome.places
    return (
        len(outcome.models) == len(outcome.longer) == len(outcome.places)
        and all(isinstance(model, str) for model in outcome.models)
        and all(isinstance(value, int) for value in numbers)
    )


def ranking_outcome(replies: Iterable[ShownReply], groups: Groups) -> RankingOutcome:
    """What a ranking of all these replies says."""
    place = {name: i for i, group in enumerate(groups) for name in group}
    ordered = sorted(replies, key=lambda reply: reply.position)
    sizes = [STEPS_PER_DOUBLING * math.log2(max(reply.length, 1)) for reply in ordered]
    return RankingOutcome(
        tuple(reply.model for reply in ordered),
        tuple(round(size - sizes[0]) for size in sizes),
        tuple(place[reply.id] for reply in ordered),
    )


def outcome_line(comparison: Comparison, ranking: Ranking) -> str:
    """The outcome of a ranking as a line; empty where it does not count: all bad, replies of one version, a pair that was
    chosen or came back."""
    versions = {candidate.model for candidate in comparison.candidates}
    if ranking.all_bad or len(versions) == 1 or comparison.selection != "random" or comparison.repeat_of:
        return ""
    shown = (ShownReply(c.id, c.model, c.position, len(c.text)) for c in comparison.candidates)
    return ranking_outcome(shown, ranking.groups).to_line()
