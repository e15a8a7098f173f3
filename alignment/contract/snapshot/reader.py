"""Reading a snapshot: as a whole for the trainer, row by row for the service."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from alignment.contract.errors import InvalidSnapshot
from alignment.contract.files import file_hash, read_json
from alignment.contract.snapshot.schema import (
    DEMONSTRATIONS,
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
)
from reward_model.rankings import Ranked, RewardRefused, read_rankings

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

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of a file, a batch in memory. Raises InvalidSnapshot."""
        try:
            with pyarrow.parquet.ParquetFile(self.path / name) as file:
                for batch in file.iter_batches(BATCH):
                    yield from batch.to_pylist()
        except (OSError, pyarrow.ArrowException):
            raise InvalidSnapshot(CHANGED) from None

    def table(self, name: str, columns: tuple[str, ...]) -> list[Row]:
        """All rows of a verified file, of these columns. Raises InvalidSnapshot."""
        try:
            rows: list[Row] = pyarrow.parquet.read_table(
                self.verified(name), columns=list(columns)
            ).to_pylist()
        except (pyarrow.ArrowException, KeyError):
            raise InvalidSnapshot(f"{name} does not have the columns {', '.join(columns)}") from None
        return rows


def open_snapshot(folder: Path) -> SnapshotFolder:
    """The snapshot in `folder`, its files not yet read. Raises InvalidSnapshot."""
    try:
        manifest = Manifest.from_record(read_json(folder / MANIFEST), folder.name)
    except (OSError, json.JSONDecodeError, ValueError, TypeError, AttributeError):
        raise InvalidSnapshot(
            "the snapshot has no readable manifest.json: its export did not finish"
        ) from None
    return SnapshotFolder(folder, manifest)


def read_snapshot(folder: Path) -> Snapshot:
    """All that a round learns from. Raises InvalidSnapshot."""
    opened = _opened(folder)
    format_ = opened.manifest.format
    cuts = ("chosen_cut", "rejected_cut") if format_ >= FORMAT_WITH_CUTS else ()
    pairs = opened.table(PAIRS, ("prompt", "chosen", "rejected", *cuts, "split"))
    ratings, demonstrations = list[Row](), list[Row]()
    if format_ >= FORMAT_WITH_SINGLE_REPLIES:
        ratings = opened.table(RATINGS, ("prompt", "reply", "good", "split"))
        demonstrations = opened.table(DEMONSTRATIONS, ("prompt", "reply", "split"))
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
    )


def read_ranked(folder: Path) -> list[Ranked]:
    """The whole rankings in `folder`, ties too. Raises InvalidSnapshot."""
    try:
        return read_rankings(_opened(folder).verified(RANKINGS))
    except RewardRefused as refusal:
        raise InvalidSnapshot(str(refusal)) from None


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
