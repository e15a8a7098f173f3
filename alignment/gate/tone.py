"""Whether a version's replies are warmer or cooler than those of the version before to the same prompts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from alignment.contract.manifests.gate import ToneEvidence
from alignment.contract.statistics import wilson_interval
from reward_model.style import SMILEY, WORD, WORDS

POLITE_OR_THEY = frozenset(("sie", "ihnen", "ihr", "ihre"))
"""German, and as often about somebody else as to the reader."""
WARM = (
    WORDS["thanks"] | WORDS["greeting"] | WORDS["praise"] | WORDS["feeling"] | WORDS["you"] - POLITE_OR_THEY
)
FEWEST = 8
"""Prompts with a difference, below which nothing is said."""


@dataclass(frozen=True, slots=True)
class Warmth:
    """How many warm words and marks a reply has, in English and German, and how many words in all."""

    markers: int
    words: int

    @property
    def share(self) -> float:
        return self.markers / max(self.words, 1)


def warmth(text: str) -> Warmth:
    """Thanks, greetings, praise, feelings, the second person, exclamation marks and smileys."""
    words = [word.lower().replace("’", "'") for word in WORD.findall(text)]
    return Warmth(
        sum(word in WARM for word in words) + text.count("!") + len(SMILEY.findall(text)), len(words)
    )


def warmer(one: Warmth, other: Warmth) -> int:
    """1 where the first is the warmer one, -1 where the second is, 0 where it cannot be said. The warmer one has more markers, and more for
    its length: neither a longer nor a shorter reply is warmer for that alone."""
    if one.markers > other.markers and one.share > other.share:
        return 1
    return -1 if one.markers < other.markers and one.share < other.share else 0


def tone_evidence(candidate: Sequence[Warmth], champion: Sequence[Warmth]) -> ToneEvidence | None:
    """Prompt by prompt. None where too few differ."""
    found = [warmer(ours, theirs) for ours, theirs in zip(candidate, champion, strict=True)]
    wins, differ = found.count(1), len(found) - found.count(0)
    return ToneEvidence(differ, wins / differ, *wilson_interval(wins, differ)) if differ >= FEWEST else None
