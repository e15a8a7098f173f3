"""Reading a snapshot: a sample of it for the trainer, row by row for the service."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.parquet

from alignment.contract.errors import InvalidSnapshot
from alignment.contract.files import file_hash, read_json
from alignment.contract.snapshot.sample import ALL, OWNER, Limits, Places, chosen_rows
from alignment.contract.snapshot.schema import (
    DEMONSTRATIONS,
    FORMAT_WITH_ANNOTATORS,
    FORMAT_WITH_CUTS,
    FORMAT_WITH_SINGLE_REPLIES,
    MANIFEST,
    PAIRS,
    RANKINGS,
    RATINGS,
    Demonstration,
    Manifest,
    Messages,
    Pair,
    Rating,
    Snapshot,
    shards_of,
)
from reward_model.rankings import SCHEMA as RANKINGS_SCHEMA
from reward_model.rankings import Ranked

Row = dict[str, Any]
BATCH = 1000
CHANGED = "the snapshot changed since it was written, or a part of it is missing: queue a new round to export it again"


@dataclass(frozen=True, slots=True)
class SnapshotFolder:
    """A snapshot on disk whose manifest was read."""

    path: Path
    manifest: Manifest

    def verified(self, name: str) -> Path:
        """A file of the snapshot as it was written. Raises InvalidSnapshot."""
        file = self.path / Path(name).name
        expected = self.manifest.files.get(name)
        if not file.is_file() or (expected is not None and expected != file_hash(file)):
            raise InvalidSnapshot(CHANGED)
        return file

    def verify(self) -> None:
        """Raises InvalidSnapshot unless every file is as it was written."""
        for name in self.manifest.files:
            self.verified(name)

    def files(self, table: str) -> list[Path]:
        """The files of a table, in order."""
        return [self.path / name for name in shards_of(table, self.manifest.files)]

    def batches(self, table: str, columns: tuple[str, ...] | None = None) -> Iterator[pyarrow.RecordBatch]:
        """The rows of a table, a batch in memory. Raises InvalidSnapshot."""
        try:
            for path in self.files(table):
                with pyarrow.parquet.ParquetFile(path) as file:
                    if missing := set(columns or ()) - set(file.schema_arrow.names):
                        raise InvalidSnapshot(
                            f"{table} does not have the columns {', '.join(sorted(missing))}"
                        )
                    yield from file.iter_batches(BATCH, columns=columns and list(columns))
        except (OSError, pyarrow.ArrowException):
            raise InvalidSnapshot(CHANGED) from None

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of a table, a batch in memory. Raises InvalidSnapshot."""
        for batch in self.batches(table):
            yield from batch.to_pylist()

    def sample(self, table: str, columns: tuple[str, ...], limits: Limits) -> list[Row]:
        """The rows of a verified table that a round with these limits uses, and of them these columns. Raises
        InvalidSnapshot."""
        for path in self.files(table):
            self.verified(path.name)
        if limits == ALL or self.manifest.format < FORMAT_WITH_ANNOTATORS:
            return [row for batch in self.batches(table, columns) for row in batch.to_pylist()]
        return list(_taken(self.batches(table, columns), self._chosen(table, limits)))

    def _chosen(self, table: str, limits: Limits) -> Places:
        """The places of the rows that a round with these limits uses."""
        owned = table in (PAIRS, RANKINGS)
        train, own = [], []
        for batch in self.batches(table, ("split", "annotator") if owned else ("split",)):
            train.append(_equal(batch.column("split"), "train"))
            own.append(_equal(batch.column("annotator"), OWNER) if owned else np.zeros(len(batch), np.bool_))
        empty = np.zeros(0, np.bool_)
        return chosen_rows(np.concatenate([empty, *train]), np.concatenate([empty, *own]), limits)


def _equal(column: Any, value: str) -> Any:
    return pyarrow.compute.equal(column, value).to_numpy(zero_copy_only=False)


def _taken(batches: Iterator[pyarrow.RecordBatch], places: Places) -> Iterator[Row]:
    begin = 0
    for batch in batches:
        first, last = np.searchsorted(places, (begin, begin + batch.num_rows))
        if first < last:
            yield from batch.take(pyarrow.array(places[first:last] - begin)).to_pylist()
        begin += batch.num_rows


def open_snapshot(folder: Path) -> SnapshotFolder:
    """The snapshot in `folder`, its files not yet read. Raises InvalidSnapshot."""
    try:
        manifest = Manifest.from_record(read_json(folder / MANIFEST), folder.name)
    except (OSError, json.JSONDecodeError, ValueError, TypeError, AttributeError):
        raise InvalidSnapshot(
            "the snapshot has no readable manifest.json: its export did not finish"
        ) from None
    return SnapshotFolder(folder, manifest)


def read_snapshot(folder: Path, limits: Limits = ALL) -> Snapshot:
    """What a round with these limits learns from. Raises InvalidSnapshot."""
    opened = _opened(folder)
    format_ = opened.manifest.format
    cuts = ("chosen_cut", "rejected_cut") if format_ >= FORMAT_WITH_CUTS else ()
    pairs = opened.sample(PAIRS, ("prompt", "chosen", "rejected", *cuts, "split"), limits)
    ratings, demonstrations = list[Row](), list[Row]()
    if format_ >= FORMAT_WITH_SINGLE_REPLIES:
        ratings = opened.sample(RATINGS, ("prompt", "reply", "good", "split"), limits)
        demonstrations = opened.sample(DEMONSTRATIONS, ("prompt", "reply", "split"), limits)
    every = (*pairs, *ratings, *demonstrations)
    return Snapshot(
        hash=opened.manifest.hash,
        train=tuple(_pair(row) for row in pairs if row["split"] == "train"),
        heldout=tuple(_pair(row) for row in pairs if row["split"] == "heldout"),
        ratings=tuple(
            Rating(_prompt(row), row["reply"], row["good"]) for row in ratings if row["split"] == "train"
        ),
        demonstrations=tuple(
            Demonstration(_prompt(row), row["reply"]) for row in demonstrations if row["split"] == "train"
        ),
        heldout_prompts=tuple(_prompt(row) for row in every if row["split"] == "heldout"),
        heldout_fraction=opened.manifest.heldout_fraction,
        available=_available(opened.manifest.counts),
    )


def read_ranked(folder: Path, limits: Limits = ALL) -> list[Ranked]:
    """The whole rankings in `folder` that a round with these limits uses, ties too. Raises InvalidSnapshot."""
    rows = _opened(folder).sample(RANKINGS, tuple(RANKINGS_SCHEMA.names), limits)
    return [_ranked(row) for row in rows]


def _available(counts: Mapping[str, int]) -> dict[str, int]:
    """The pairs on the training side, and all ratings and demonstrations."""
    named = {"pairs": "train", "heldout": "heldout", "ratings": "ratings", "demonstrations": "demonstrations"}
    return {name: counts[count] for name, count in named.items() if count in counts}


def _ranked(row: Row) -> Ranked:
    return Ranked(
        prompt=_prompt(row),
        replies=tuple(row["replies"]),
        places=tuple(row["places"]),
        split=row["split"],
        comparison_id=row["comparison_id"],
        annotator=row["annotator"],
    )


def _opened(folder: Path) -> SnapshotFolder:
    """Raises InvalidSnapshot, also where the folder has another name than its content."""
    opened = open_snapshot(folder)
    if opened.manifest.hash != folder.name:
        raise InvalidSnapshot("the snapshot's folder and its manifest name different hashes")
    return opened


def _pair(row: Row) -> Pair:
    cuts = bool(row.get("chosen_cut")), bool(row.get("rejected_cut"))
    return Pair(_prompt(row), row["chosen"], row["rejected"], *cuts)


def _prompt(row: Row) -> Messages:
    return tuple({"role": turn["role"], "content": turn["content"]} for turn in row["prompt"])
