"""Snapshots: immutable, content-addressed exports of preference pairs and whole rankings, one folder per content."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import pyarrow
import pyarrow.parquet

from alignment.files import file_hash, read_json, write_json
from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import preference_pairs, ranked_replies, split_of
from reward_model.rankings import RANKINGS
from reward_model.rankings import SCHEMA as RANKED_SCHEMA

MANIFEST, PAIRS = "manifest.json", "pairs.parquet"
BATCH = 1000
MESSAGE = pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())])
SCHEMA = pyarrow.schema(
    [
        ("prompt", pyarrow.list_(MESSAGE)),
        ("chosen", pyarrow.string()),
        ("rejected", pyarrow.string()),
        ("split", pyarrow.string()),
        ("comparison_id", pyarrow.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`hash` is over the pairs and the rankings alone; `counts`: comparisons, rankings, pairs, train, heldout, ties,
    all_bad, identical."""

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


def export(comparisons: Iterable[Comparison], heldout_fraction: float, snapshots: Path) -> Snapshot:
    """Write what ranked comparisons say below `snapshots`, unless a snapshot of the same content is there. They are read
    once."""
    building = snapshots / f".building-{uuid4().hex}"
    building.mkdir(parents=True)
    try:
        counts = Counter[str]()
        found = _write(comparisons, heldout_fraction, counts, building)
        target = snapshots / found
        if not (target / MANIFEST).exists():
            write_json(building / MANIFEST, _manifest(found, heldout_fraction, counts, building))
            shutil.rmtree(target, ignore_errors=True)
            building.replace(target)
        return Snapshot(found, target, read_json(target / MANIFEST)["counts"])
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write(
    comparisons: Iterable[Comparison], heldout_fraction: float, counts: Counter[str], folder: Path
) -> str:
    """Both files, in one pass; the hash of what is in them."""
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
    both = f"{pairs.digest.hexdigest()} {rankings.digest.hexdigest()}"
    return hashlib.sha256(both.encode()).hexdigest()


def _rankings(comparison: Comparison, split: str) -> Iterator[dict[str, Any]]:
    """One row per verdict, ties too."""
    for ranked in ranked_replies(comparison):
        yield {
            "prompt": [{"role": m.role, "content": m.content} for m in ranked.prompt],
            "replies": list(ranked.replies),
            "places": list(ranked.places),
            "split": split,
            "comparison_id": ranked.comparison_id,
            "annotator": ranked.annotator,
        }


def _pairs(comparison: Comparison, split: str, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """One row per preference pair. Two equal replies say nothing and are left out."""
    for pair in preference_pairs(comparison):
        if pair.chosen.strip() == pair.rejected.strip():
            counts["identical"] += 1
            continue
        counts.update(("pairs", split))
        yield {
            "prompt": [{"role": m.role, "content": m.content} for m in pair.prompt],
            "chosen": pair.chosen,
            "rejected": pair.rejected,
            "split": split,
            "comparison_id": pair.comparison_id,
        }


def _manifest(found: str, heldout_fraction: float, counts: Counter[str], folder: Path) -> dict[str, Any]:
    names = ("comparisons", "rankings", "pairs", "train", "heldout", "ties", "all_bad", "identical")
    return {
        "hash": found,
        "format": 2,
        "heldout_fraction": heldout_fraction,
        "counts": {name: counts[name] for name in names},
        "files": {name: file_hash(folder / name) for name in (PAIRS, RANKINGS)},
        "created_at": datetime.now(UTC).isoformat(),
    }
