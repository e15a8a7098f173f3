"""What a ranking says: preference pairs, and the stable split of prompts into train and heldout."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from feedback_app.domain.comparison import Comparison, Message, Ranking

Split = Literal["train", "heldout"]


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """`chosen` was ranked above `rejected` as a reply to `prompt`."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    comparison_id: str = ""
    chosen_model: str = ""
    rejected_model: str = ""
    annotator: str = "owner"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A reply that the owner wrote or edited."""

    prompt: tuple[Message, ...]
    reply: str
    source: str = "edit"


@dataclass(frozen=True, slots=True)
class Rating:
    """Thumbs up (`good`) or down on one reply, unpaired."""

    prompt: tuple[Message, ...]
    reply: str
    good: bool
    source: str = "chat"


@dataclass(frozen=True, slots=True)
class RankedReplies:
    """One verdict as places: `places[i]` is the place of `replies[i]`, 0 the best; equal places are a tie."""

    prompt: tuple[Message, ...]
    replies: tuple[str, ...]
    places: tuple[int, ...]
    comparison_id: str = ""
    annotator: str = "owner"


def ranked_replies(comparison: Comparison) -> list[RankedReplies]:
    """Each verdict that counts, ties too; `all_bad` compares nothing and is left out."""
    texts = tuple(candidate.text for candidate in comparison.candidates)
    return [
        RankedReplies(
            comparison.messages, texts, _places(comparison, ranking), comparison.id, ranking.annotator
        )
        for ranking in comparison.verdicts
        if not ranking.all_bad
    ]


def _places(comparison: Comparison, ranking: Ranking) -> tuple[int, ...]:
    place = {name: number for number, group in enumerate(ranking.groups) for name in group}
    return tuple(place[candidate.id] for candidate in comparison.candidates)


def preference_pairs(comparison: Comparison) -> list[PreferencePair]:
    """All pairs of candidates from different groups, better first, of each verdict that counts. Ties and `all_bad`
    give none."""
    return [pair for ranking in comparison.verdicts for pair in _pairs_of(comparison, ranking)]


def _pairs_of(comparison: Comparison, ranking: Ranking) -> list[PreferencePair]:
    if ranking.all_bad:
        return []
    return [
        PreferencePair(
            prompt=comparison.messages,
            chosen=(winner := comparison.candidate(better)).text,
            rejected=(loser := comparison.candidate(worse)).text,
            comparison_id=comparison.id,
            chosen_model=winner.model,
            rejected_model=loser.model,
            annotator=ranking.annotator,
        )
        for upper, lower in combinations(ranking.groups, 2)
        for better in upper
        for worse in lower
    ]


def prompt_key(messages: Sequence[Message]) -> str:
    """64 hex digits that are the same for the same prompt: spacing, case and the system turn do not matter."""
    turns = [[m.role, " ".join(m.content.casefold().split())] for m in messages if m.role != "system"]
    return hashlib.sha256(json.dumps(turns, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


def split_of(messages: Sequence[Message], heldout_fraction: float) -> Split:
    """The side a prompt falls on, by a stable hash: it never crosses over between snapshots."""
    return split_of_key(prompt_key(messages), heldout_fraction)


def split_of_key(key: str, heldout_fraction: float) -> Split:
    """The side of a prompt whose `prompt_key` is known."""
    share = int(key[:8], 16) / 0x1_0000_0000
    return "heldout" if share < heldout_fraction else "train"
