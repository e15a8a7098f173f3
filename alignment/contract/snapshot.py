"""Reading a snapshot: the immutable, content-addressed export of all that a round can learn from."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from alignment.contract.errors import InvalidSnapshot
from alignment.contract.files import file_hash, read_json
from reward_model.rankings import RANKINGS, Ranked, RewardRefused, read_rankings

Messages = tuple[dict[str, str], ...]
Row = dict[str, Any]
FORMAT_WITH_SINGLE_REPLIES = 3
"""Snapshots before it hold neither ratings nor demonstrations; a resumed round may still have one."""
FORMAT_WITH_CUTS = 4
"""Snapshots before it do not say which replies were cut."""


@dataclass(frozen=True, slots=True)
class Pair:
    """`prompt` is a conversation (with its system turn, if it had one) that ends with the user's turn. A reply is `cut`
    where it met its limit of tokens: that it ends there says nothing."""

    prompt: Messages
    chosen: str
    rejected: str
    chosen_cut: bool = False
    rejected_cut: bool = False


@dataclass(frozen=True, slots=True)
class Rating:
    """Thumbs up (`good`) or down on one reply."""

    prompt: Messages
    reply: str
    good: bool


@dataclass(frozen=True, slots=True)
class Demonstration:
    """A reply that a person wrote or edited."""

    prompt: Messages
    reply: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`train` and `heldout` are pairs; `ratings` and `demonstrations` are of the training prompts alone. A prompt falls
    on the side `heldout` by a hash of its text, for a share of `heldout_fraction`; `heldout_prompts` are those that
    fell there, of any of the files."""

    hash: str
    train: tuple[Pair, ...]
    heldout: tuple[Pair, ...]
    ratings: tuple[Rating, ...] = ()
    demonstrations: tuple[Demonstration, ...] = ()
    heldout_prompts: tuple[Messages, ...] = ()
    heldout_fraction: float = 0.0


def read_snapshot(folder: Path) -> Snapshot:
    """What lies in `folder`. Raises InvalidSnapshot."""
    manifest = _manifest(folder)
    format_ = manifest.get("format", 0)
    cuts = ("chosen_cut", "rejected_cut") if format_ >= FORMAT_WITH_CUTS else ()
    pairs = _rows(folder, manifest, "pairs.parquet", ("chosen", "rejected", *cuts))
    ratings, demonstrations = list[Row](), list[Row]()
    if format_ >= FORMAT_WITH_SINGLE_REPLIES:
        ratings = _rows(folder, manifest, "ratings.parquet", ("reply", "good"))
        demonstrations = _rows(folder, manifest, "demonstrations.parquet", ("reply",))
    every = (*pairs, *ratings, *demonstrations)
    return Snapshot(
        hash=str(manifest.get("hash", folder.name)),
        train=tuple(_pair(row) for row in pairs if row["split"] == "train"),
        heldout=tuple(_pair(row) for row in pairs if row["split"] == "heldout"),
        ratings=tuple(
            Rating(_prompt(row), row["reply"], row["good"]) for row in ratings if row["split"] == "train"
        ),
        demonstrations=tuple(
            Demonstration(_prompt(row), row["reply"]) for row in demonstrations if row["split"] == "train"
        ),
        heldout_prompts=tuple(_prompt(row) for row in every if row["split"] == "heldout"),
        heldout_fraction=float(manifest.get("heldout_fraction", 0.0)),
    )


def read_ranked(folder: Path) -> list[Ranked]:
    """The whole rankings in `folder`, ties too. Raises InvalidSnapshot."""
    try:
        return read_rankings(_unchanged(folder, _manifest(folder), RANKINGS))
    except RewardRefused as refusal:
        raise InvalidSnapshot(str(refusal)) from None


def _unchanged(folder: Path, manifest: dict[str, Any], name: str) -> Path:
    """A file of the snapshot as it was written. Raises InvalidSnapshot."""
    file = folder / name
    if not file.is_file():
        raise InvalidSnapshot(f"the snapshot has no {name}: queue a new round to export it again")
    expected = manifest.get("files", {}).get(name)
    if expected is not None and expected != file_hash(file):
        raise InvalidSnapshot(
            "the snapshot changed since it was written: queue a new round to export it again"
        )
    return file


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = read_json(folder / "manifest.json")
    except (OSError, json.JSONDecodeError):
        raise InvalidSnapshot(
            "the snapshot has no readable manifest.json: its export did not finish"
        ) from None
    if manifest.get("hash", folder.name) != folder.name:
        raise InvalidSnapshot("the snapshot's folder and its manifest name different hashes")
    return manifest


def _rows(folder: Path, manifest: dict[str, Any], name: str, columns: tuple[str, ...]) -> list[Row]:
    columns = ("prompt", *columns, "split")
    try:
        rows: list[Row] = pyarrow.parquet.read_table(
            _unchanged(folder, manifest, name), columns=list(columns)
        ).to_pylist()
    except (pyarrow.ArrowException, KeyError):
        raise InvalidSnapshot(f"{name} does not have the columns {', '.join(columns)}") from None
    return rows


def _pair(row: Row) -> Pair:
    cuts = bool(row.get("chosen_cut")), bool(row.get("rejected_cut"))
    return Pair(_prompt(row), row["chosen"], row["rejected"], *cuts)


def _prompt(row: Row) -> Messages:
    return tuple({"role": turn["role"], "content": turn["content"]} for turn in row["prompt"])
