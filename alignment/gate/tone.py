"""Tone: whether the replies of a version are warmer than those of the champion to the same prompts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from alignment.contract.manifests.gate import ToneEvidence
from alignment.contract.statistics import wilson_interval
from reward_model.style import SMILEY, WORD, WORDS

POLITE_OR_THEY = frozenset(("sie", "ihnen", "ihr", "ihre"))
"""German pronouns that mean a third person as often as the reader."""
WARM = (
    WORDS["thanks"] | WORDS["greeting"] | WORDS["praise"] | WORDS["feeling"] | WORDS["you"] - POLITE_OR_THEY
)
FEWEST = 8
"""With fewer prompts that differ there is no evidence."""


@dataclass(frozen=True, slots=True)
class Warmth:
    """The number of warm words and marks in a reply (English and German), and of all words."""

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
    """1 if the first reply is warmer, -1 if the second is, else 0. The warmer reply has more markers, and more relative to its length, so that
    length alone makes no reply warmer."""
    if one.markers > other.markers and one.share > other.share:
        return 1
    return -1 if one.markers < other.markers and one.share < other.share else 0


def tone_evidence(candidate: Sequence[Warmth], champion: Sequence[Warmth]) -> ToneEvidence | None:
    """Compare the replies prompt by prompt. None where too few differ."""
    signs = [warmer(ours, theirs) for ours, theirs in zip(candidate, champion, strict=True)]
    wins, differ = signs.count(1), len(signs) - signs.count(0)
    return ToneEvidence(differ, wins / differ, *wilson_interval(wins, differ)) if differ >= FEWEST else None
