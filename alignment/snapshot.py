"""Reading a snapshot: the immutable, content-addressed export of preference pairs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from alignment.config import RoundRefused
from alignment.files import file_hash, read_json
from reward_model.rankings import RANKINGS, Ranked, RewardRefused, read_rankings

Messages = tuple[dict[str, str], ...]
COLUMNS = ("prompt", "chosen", "rejected", "split")


class InvalidSnapshot(RoundRefused):
    """A snapshot that is incomplete, changed since it was written, or holds too little."""


@dataclass(frozen=True, slots=True)
class Pair:
    """`prompt` is a conversation (with its system turn, if it had one) that ends with the user's turn."""

    prompt: Messages
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    hash: str
    train: tuple[Pair, ...]
    heldout: tuple[Pair, ...]


def read_snapshot(folder: Path, min_pairs: int) -> Snapshot:
    """The pairs in `folder`. Raises InvalidSnapshot, also where there are fewer than `min_pairs` to train on."""
    manifest = _manifest(folder)
    by_split = _pairs(_unchanged(folder, manifest, "pairs.parquet"))
    train = by_split.get("train", ())
    if len(train) < max(min_pairs, 1):
        raise InvalidSnapshot(
            f"only {len(train)} training pairs, and a round needs {max(min_pairs, 1)}: rank more replies"
        )
    return Snapshot(str(manifest.get("hash", folder.name)), train, by_split.get("heldout", ()))


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


def _pairs(file: Path) -> dict[str, tuple[Pair, ...]]:
    try:
        rows = pyarrow.parquet.read_table(file, columns=list(COLUMNS)).to_pylist()
    except (pyarrow.ArrowException, KeyError):
        raise InvalidSnapshot(f"pairs.parquet does not have the columns {', '.join(COLUMNS)}") from None
    by_split: dict[str, list[Pair]] = {}
    for row in rows:
        prompt = tuple({"role": turn["role"], "content": turn["content"]} for turn in row["prompt"])
        by_split.setdefault(row["split"], []).append(Pair(prompt, row["chosen"], row["rejected"]))
    return {split: tuple(pairs) for split, pairs in by_split.items()}
