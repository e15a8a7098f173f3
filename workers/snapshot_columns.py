"""Turns training rows into the columns of a snapshot. Texts are converted once; rankings and pairs refer to them by number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow

from alignment.contract.snapshot.builder import SnapshotBuilder
from alignment.contract.snapshot.schema import PAIRS, PAIRS_SCHEMA, RANKINGS
from alignment.contract.split import split_of_key
from feedback_app.domain.preference import Demonstration, Rating, split_of
from feedback_app.domain.training_row import TrainingRanking, TrainingRow

PROMPTS = PAIRS_SCHEMA.field("prompt").type


@dataclass(slots=True)
class Rankings:
    """Whole rankings: the number of their comparison, of their replies, and where in `replies` each ranking ends."""

    comparison: list[int] = field(default_factory=list)
    replies: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=lambda: [0])
    annotator: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Pairs:
    """Preference pairs: the number of their comparison and of their two replies."""

    comparison: list[int] = field(default_factory=list)
    chosen: list[int] = field(default_factory=list)
    rejected: list[int] = field(default_factory=list)
    annotator: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RankedColumns:
    """What a batch of comparisons says. `texts` are all replies and rewrites, `cut` those that met their limit."""

    prompts: list[Any] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    cut: list[bool] = field(default_factory=list)
    rankings: Rankings = field(default_factory=Rankings)
    pairs: Pairs = field(default_factory=Pairs)
    counts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, rows: Sequence[TrainingRow], heldout_fraction: float) -> "RankedColumns":
        columns = cls()
        for row in rows:
            columns._add(row, split_of_key(row.key, heldout_fraction))
        return columns

    def write(self, builder: SnapshotBuilder) -> None:
        """Add all of it to a snapshot."""
        builder.counts.update(self.counts)
        prompts, texts = pyarrow.array(self.prompts, PROMPTS), pyarrow.array(self.texts, pyarrow.string())
        ids, splits = pyarrow.array(self.ids, pyarrow.string()), pyarrow.array(self.splits, pyarrow.string())
        if self.rankings.comparison:
            at, ends = (
                pyarrow.array(self.rankings.comparison),
                pyarrow.array(self.rankings.ends, pyarrow.int32()),
            )
            replies = pyarrow.ListArray.from_arrays(ends, texts.take(pyarrow.array(self.rankings.replies)))
            places = pyarrow.ListArray.from_arrays(ends, pyarrow.array(self.rankings.places, pyarrow.int16()))
            who = pyarrow.array(self.rankings.annotator, pyarrow.string())
            columns = [prompts.take(at), replies, places, splits.take(at), ids.take(at), who]
            builder.add(RANKINGS, columns)
        if self.pairs.comparison:
            at, cut = pyarrow.array(self.pairs.comparison), pyarrow.array(self.cut, pyarrow.bool_())
            sides = [pyarrow.array(side) for side in (self.pairs.chosen, self.pairs.rejected)]
            who = pyarrow.array(self.pairs.annotator, pyarrow.string())
            replies = [texts.take(side) for side in sides]
            cuts = [cut.take(side) for side in sides]
            builder.add(PAIRS, [prompts.take(at), *replies, *cuts, splits.take(at), ids.take(at), who])

    def _add(self, row: TrainingRow, split: str) -> None:
        first = len(self.texts)
        self.prompts.append(row.prompt)
        self.ids.append(row.id)
        self.splits.append(split)
        self.texts += row.replies
        self.cut += row.cut
        for ranking in row.rankings:
            self.counts["comparisons"] += 1
            self.counts["all_bad"] += ranking.all_bad
            self.counts["ties"] += ranking.tied
            self._add_ranking(row, ranking, first, row.rewrite(ranking))

    def _add_ranking(self, row: TrainingRow, ranking: TrainingRanking, first: int, edit: str | None) -> None:
        """A rewrite comes first, before all that was shown; of `all_bad` only it says anything, and the others are a tie."""
        if ranking.all_bad and edit is None:
            return
        numbers = list(range(first, first + len(row.replies)))
        places = [0] * len(numbers) if ranking.all_bad else list(ranking.places)
        if edit is not None:
            numbers, places = [len(self.texts), *numbers], [0, *(place + 1 for place in places)]
            self.texts.append(edit)
            self.cut.append(False)
        self.counts["rankings"] += 1
        self.rankings.comparison.append(len(self.ids) - 1)
        self.rankings.replies += numbers
        self.rankings.places += places
        self.rankings.ends.append(len(self.rankings.replies))
        self.rankings.annotator.append(ranking.annotator)
        self._add_pairs(numbers, places, ranking.annotator)

    def _add_pairs(self, numbers: Sequence[int], places: Sequence[int], annotator: str) -> None:
        """Each two replies of different places. Two equal replies teach nothing: they are counted and left out."""
        for number, place in zip(numbers, places, strict=True):
            for other, lower in zip(numbers, places, strict=True):
                if place >= lower:
                    continue
                if self.texts[number].strip() == self.texts[other].strip():
                    self.counts["identical"] += 1
                    continue
                self.counts["pairs"] += 1
                self.counts[self.splits[-1]] += 1
                self.pairs.comparison.append(len(self.ids) - 1)
                self.pairs.chosen.append(number)
                self.pairs.rejected.append(other)
                self.pairs.annotator.append(annotator)


def single_columns(
    items: Sequence[Rating | Demonstration], heldout_fraction: float, good: list[bool] | None = None
) -> list[Any]:
    """The columns of ratings or demonstrations."""
    turns = [[{"role": turn.role, "content": turn.content} for turn in item.prompt] for item in items]
    splits = [split_of(item.prompt, heldout_fraction) for item in items]
    columns = [
        pyarrow.array(turns, PROMPTS),
        pyarrow.array([item.reply for item in items], pyarrow.string()),
        pyarrow.array(splits, pyarrow.string()),
    ]
    return columns if good is None else [*columns, pyarrow.array(good, pyarrow.bool_())]
