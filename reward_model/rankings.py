"""Rankings as the reward model reads them: the file `rankings.parquet` of a snapshot, and the duels in a ranking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import pyarrow
import pyarrow.parquet

Messages = tuple[dict[str, str], ...]
Split = Literal["train", "heldout"]

RANKINGS = "rankings.parquet"
MESSAGE = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])
SCHEMA = pyarrow.schema(
    [
        ("prompt", pyarrow.list_(MESSAGE)),
        ("replies", pyarrow.list_(pyarrow.string())),
        ("places", pyarrow.list_(pyarrow.int16())),
        ("split", pyarrow.string()),
        ("comparison_id", pyarrow.string()),
        ("annotator", pyarrow.string()),
    ]
)


class RewardRefused(ValueError):
    """No reward model can be trained on this data. The message is one line with the reason and without any text of the data."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One verdict: `places[i]` is the place of `replies[i]`, 0 the best; equal places are a tie.

    `prompt` is a conversation (with its system turn, if it had one) that ends with the user's turn.
    """

    prompt: Messages
    replies: tuple[str, ...]
    places: tuple[int, ...]
    split: Split = "train"
    comparison_id: str = ""
    annotator: str = "owner"

    def __post_init__(self) -> None:
        if len(self.replies) != len(self.places):
            raise ValueError(f"{len(self.replies)} replies and {len(self.places)} places")


@dataclass(frozen=True, slots=True)
class Duel:
    """What a ranking says of two of its replies, by their index: `better` was put above `worse`, or both alike (`tie`)."""

    better: int
    worse: int
    tie: bool = False


def duels(ranked: Ranked) -> list[Duel]:
    """All pairs of one ranking (Ouyang et al. 2022, section 3.5). Two replies of the same text say nothing."""
    found = []
    for i, j in combinations(range(len(ranked.replies)), 2):
        if ranked.replies[i].strip() == ranked.replies[j].strip():
            continue
        better, worse = (i, j) if ranked.places[i] <= ranked.places[j] else (j, i)
        found.append(Duel(better, worse, ranked.places[i] == ranked.places[j]))
    return found


def informative(rankings: Iterable[Ranked]) -> list[Ranked]:
    """The rankings with at least one pair. Raises RewardRefused where none prefers one reply to another."""
    kept = [ranked for ranked in rankings if duels(ranked)]
    if not kept:
        raise RewardRefused(
            "there are no rankings to learn from: rank replies in the arena, or import a dataset"
        )
    if all(duel.tie for ranked in kept for duel in duels(ranked)):
        raise RewardRefused(
            "all rankings are ties, which say nothing about what you prefer: rank some replies apart"
        )
    return kept


def contradictions(rankings: Sequence[Ranked]) -> int:
    """How many pairs of texts were judged both ways, as replies to the same prompt."""
    return sum(len(set(ways)) > 1 for ways in _ways(rankings, by_annotator=False).values())


def repeats(rankings: Sequence[Ranked]) -> tuple[int, int]:
    """How often a pair that was judged again by the same annotator was judged the same way, and how often it was judged
    again: what any model of that taste can hope for."""
    again = [ways for ways in _ways(rankings, by_annotator=True).values() if len(ways) > 1]
    return sum(way == ways[0] for ways in again for way in ways[1:]), sum(len(ways) - 1 for ways in again)


def _ways(rankings: Sequence[Ranked], by_annotator: bool) -> dict[tuple[Any, ...], list[bool]]:
    """The verdicts on each pair of texts that are no tie, in order: whether the one that sorts first was preferred."""
    seen: dict[tuple[Any, ...], list[bool]] = {}
    for ranked in rankings:
        prompt = tuple((turn["role"], turn["content"]) for turn in ranked.prompt)
        for duel in duels(ranked):
            first, second = ranked.replies[duel.better], ranked.replies[duel.worse]
            if not duel.tie:
                key = (ranked.annotator * by_annotator, prompt, min(first, second), max(first, second))
                seen.setdefault(key, []).append(first < second)
    return seen


def read_rankings(file: Path) -> list[Ranked]:
    """All rankings in a snapshot's `rankings.parquet`. Raises RewardRefused where it cannot be read."""
    try:
        table = pyarrow.parquet.read_table(file, columns=SCHEMA.names)
    except (OSError, pyarrow.ArrowException, KeyError):
        raise RewardRefused(
            f"{file.name} cannot be read: queue a new round to export the rankings again"
        ) from None
    return [_ranked(row) for batch in table.to_batches() for row in batch.to_pylist()]


def _ranked(row: dict[str, Any]) -> Ranked:
    return Ranked(
        prompt=tuple({"role": turn["role"], "content": turn["content"]} for turn in row["prompt"]),
        replies=tuple(row["replies"]),
        places=tuple(row["places"]),
        split=row["split"],
        comparison_id=row["comparison_id"],
        annotator=row["annotator"],
    )
