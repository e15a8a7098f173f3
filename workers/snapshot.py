"""Snapshots: immutable, content-addressed exports of all that a round can learn from, one folder per content."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import pyarrow
import pyarrow.parquet

from alignment.contract.files import file_hash, read_json, write_json
from feedback_app.domain.comparison import Comparison, Message
from feedback_app.domain.preference import (
    Demonstration,
    Rating,
    preference_pairs,
    ranked_replies,
    split_of,
)
from reward_model.rankings import RANKINGS
from reward_model.rankings import SCHEMA as RANKED_SCHEMA

MANIFEST, PAIRS = "manifest.json", "pairs.parquet"
RATINGS, DEMONSTRATIONS = "ratings.parquet", "demonstrations.parquet"
BATCH = 1000
MESSAGE = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])
SCHEMA = pyarrow.schema(
    [
        ("prompt", pyarrow.list_(MESSAGE)),
        ("chosen", pyarrow.string()),
        ("rejected", pyarrow.string()),
        ("chosen_cut", pyarrow.bool_()),
        ("rejected_cut", pyarrow.bool_()),
        ("split", pyarrow.string()),
        ("comparison_id", pyarrow.string()),
    ]
)
DEMONSTRATION_SCHEMA = pyarrow.schema(
    [("prompt", pyarrow.list_(MESSAGE)), ("reply", pyarrow.string()), ("split", pyarrow.string())]
)
RATING_SCHEMA = DEMONSTRATION_SCHEMA.append(pyarrow.field("good", pyarrow.bool_()))
COUNTS = (
    "comparisons", "rankings", "pairs", "train", "heldout", "ties", "all_bad", "identical", "ratings", "demonstrations",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`hash` is over the rows of all files; `counts` are named in COUNTS, of which train and heldout count pairs."""

    hash: str
    folder: Path
    counts: dict[str, int]


class Table:
    """A Parquet file that grows row by row, a batch of rows in memory. `digest` is of the rows, not of the file: a newer
    Parquet library may write the same rows in other bytes."""

    def __init__(self, file: Path, schema: pyarrow.Schema) -> None:
        self.digest = hashlib.sha256()
        self._schema = schema
        self._writer = pyarrow.parquet.ParquetWriter(file, schema, compression="zstd")
        self._batch: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        self.digest.update(json.dumps(row, ensure_ascii=False, sort_keys=True).encode() + b"\n")
        self._batch.append(row)
        if len(self._batch) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pyarrow.Table.from_pylist(self._batch, schema=self._schema))
        self._batch.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._batch and error is None:
            self._flush()
        self._writer.close()


@dataclass(frozen=True, slots=True)
class Given:
    """What people said without comparing: replies that they rated (thumbs, imports) and replies that they wrote."""

    ratings: Sequence[Rating] = ()
    demonstrations: Sequence[Demonstration] = ()


def export(
    comparisons: Iterable[Comparison], heldout_fraction: float, snapshots: Path, given: Given | None = None
) -> Snapshot:
    """Write what ranked comparisons and `given` say below `snapshots`, unless a snapshot of the same content is there.
    The comparisons are read once."""
    building = snapshots / f".building-{uuid4().hex}"
    building.mkdir(parents=True)
    try:
        counts = Counter[str]()
        digests = _write_compared(comparisons, heldout_fraction, counts, building)
        digests += _write_given(given or Given(), heldout_fraction, counts, building)
        found = hashlib.sha256(" ".join(digests).encode()).hexdigest()
        target = snapshots / found
        if not (target / MANIFEST).exists():
            write_json(building / MANIFEST, _manifest(found, heldout_fraction, counts, building))
            shutil.rmtree(target, ignore_errors=True)
            building.replace(target)
        return Snapshot(found, target, read_json(target / MANIFEST)["counts"])
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write_compared(
    comparisons: Iterable[Comparison], heldout_fraction: float, counts: Counter[str], folder: Path
) -> list[str]:
    """Pairs and rankings, in one pass; the digests of what is in them."""
    with Table(folder / PAIRS, SCHEMA) as pairs, Table(folder / RANKINGS, RANKED_SCHEMA) as rankings:
        for comparison in comparisons:
            for ranking in comparison.verdicts:
                counts["comparisons"] += 1
                counts["all_bad"] += ranking.all_bad
                counts["ties"] += not ranking.all_bad and any(len(group) > 1 for group in ranking.groups)
            split = split_of(comparison.messages, heldout_fraction)
            for row in _rankings(comparison, split):
                counts["rankings"] += 1
                rankings.add(row)
            for row in _pairs(comparison, split, counts):
                pairs.add(row)
    return [pairs.digest.hexdigest(), rankings.digest.hexdigest()]


def _write_given(given: Given, heldout_fraction: float, counts: Counter[str], folder: Path) -> list[str]:
    """Ratings and demonstrations; the digests of what is in them."""
    counts.update(ratings=len(given.ratings), demonstrations=len(given.demonstrations))
    with Table(folder / RATINGS, RATING_SCHEMA) as ratings:
        for rating in given.ratings:
            row = {"reply": rating.reply, "good": rating.good}
            ratings.add(_placed(rating.prompt, heldout_fraction) | row)
    with Table(folder / DEMONSTRATIONS, DEMONSTRATION_SCHEMA) as demonstrations:
        for demonstration in given.demonstrations:
            demonstrations.add(
                _placed(demonstration.prompt, heldout_fraction) | {"reply": demonstration.reply}
            )
    return [ratings.digest.hexdigest(), demonstrations.digest.hexdigest()]


def _placed(prompt: tuple[Message, ...], heldout_fraction: float) -> dict[str, Any]:
    return {"prompt": _turns(prompt), "split": split_of(prompt, heldout_fraction)}


def _turns(prompt: tuple[Message, ...]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in prompt]


def _rankings(comparison: Comparison, split: str) -> Iterator[dict[str, Any]]:
    """One row per verdict, ties too."""
    for ranked in ranked_replies(comparison):
        yield {
            "prompt": _turns(ranked.prompt),
            "replies": list(ranked.replies),
            "places": list(ranked.places),
            "split": split,
            "comparison_id": ranked.comparison_id,
            "annotator": ranked.annotator,
        }


def _pairs(comparison: Comparison, split: str, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """One row per preference pair. Two equal replies say nothing and are left out."""
    for pair in preference_pairs(comparison):
        if not pair.informative:
            counts["identical"] += 1
            continue
        counts.update(("pairs", split))
        yield {
            "prompt": _turns(pair.prompt),
            "chosen": pair.chosen,
            "rejected": pair.rejected,
            "chosen_cut": pair.chosen_cut,
            "rejected_cut": pair.rejected_cut,
            "split": split,
            "comparison_id": pair.comparison_id,
        }


def _manifest(found: str, heldout_fraction: float, counts: Counter[str], folder: Path) -> dict[str, Any]:
    return {
        "hash": found,
        "format": 4,
        "heldout_fraction": heldout_fraction,
        "counts": {name: counts[name] for name in COUNTS},
        "files": {name: file_hash(folder / name) for name in (PAIRS, RANKINGS, RATINGS, DEMONSTRATIONS)},
        "created_at": datetime.now(UTC).isoformat(),
    }
