"""Rankings as the reward model reads them: the file `rankings.parquet` of a snapshot, and the pairs of a ranking."""

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
    """No reward model can be trained on this data. The message is one line: the reason, without any text of the data."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One ranking: `places[i]` is the place of `replies[i]`, 0 the best; equal places are a tie.

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
class Pair:
    """Two replies of a ranking, by their index. `better` was ranked above `worse`, or both are equally good (`tie`)."""

    better: int
    worse: int
    tie: bool = False


def pairs_of(ranked: Ranked) -> list[Pair]:
    """All pairs of one ranking (Ouyang et al. 2022, section 3.5). Two replies with the same text make no pair."""
    pairs = []
    for i, j in combinations(range(len(ranked.replies)), 2):
        if ranked.replies[i].strip() == ranked.replies[j].strip():
            continue
        better, worse = (i, j) if ranked.places[i] <= ranked.places[j] else (j, i)
        pairs.append(Pair(better, worse, ranked.places[i] == ranked.places[j]))
    return pairs


def informative(rankings: Iterable[Ranked]) -> list[Ranked]:
    """The rankings with at least one pair. Raises RewardRefused where none prefers one reply to another."""
    useful = [ranked for ranked in rankings if pairs_of(ranked)]
    if not useful:
        raise RewardRefused(
            "there are no rankings to learn from: rank replies in the arena, or import a dataset"
        )
    if all(pair.tie for ranked in useful for pair in pairs_of(ranked)):
        raise RewardRefused(
            "all rankings are ties, which say nothing about what you prefer: rank some replies apart"
        )
    return useful


def contradictions(rankings: Sequence[Ranked]) -> int:
    """How many pairs of texts were ranked both ways, as replies to the same prompt."""
    return sum(len(set(ways)) > 1 for ways in _ways(rankings, by_annotator=False).values())


def repeats(rankings: Sequence[Ranked]) -> tuple[int, int]:
    """How often the same annotator ranked a pair again in the same way, and how often they ranked a pair again. The share is the
    highest accuracy that a model of their taste can expect."""
    again = [ways for ways in _ways(rankings, by_annotator=True).values() if len(ways) > 1]
    return sum(way == ways[0] for ways in again for way in ways[1:]), sum(len(ways) - 1 for ways in again)


def _ways(rankings: Sequence[Ranked], by_annotator: bool) -> dict[tuple[Any, ...], list[bool]]:
    """For each pair of texts, its results in order, without ties: whether the text that sorts first was preferred."""
    results: dict[tuple[Any, ...], list[bool]] = {}
    for ranked in rankings:
        prompt = tuple((turn["role"], turn["content"]) for turn in ranked.prompt)
        for pair in pairs_of(ranked):
            first, second = ranked.replies[pair.better], ranked.replies[pair.worse]
            if not pair.tie:
                key = (ranked.annotator * by_annotator, prompt, min(first, second), max(first, second))
                results.setdefault(key, []).append(first < second)
    return results


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
