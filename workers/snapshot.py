"""Snapshots: immutable, content-addressed exports of the preference pairs, one folder per content."""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow
import pyarrow.parquet

from alignment.files import file_hash, read_json, write_json
from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import preference_pairs, split_of

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
    """`hash` is over the pairs alone; `counts`: comparisons, pairs, train, heldout, ties, all_bad, identical."""

    hash: str
    folder: Path
    counts: dict[str, int]


def export(comparisons: Iterable[Comparison], heldout_fraction: float, snapshots: Path) -> Snapshot:
    """Write the pairs of ranked comparisons below `snapshots`, unless a snapshot of the same content is there."""
    building = snapshots / f".building-{uuid4().hex}"
    building.mkdir(parents=True)
    try:
        digest, counts = hashlib.sha256(), Counter[str]()
        _write(_pairs(comparisons, heldout_fraction, counts), building / PAIRS, digest)
        found = digest.hexdigest()
        target = snapshots / found
        if not (target / MANIFEST).exists():
            write_json(building / MANIFEST, _manifest(found, heldout_fraction, counts, building))
            shutil.rmtree(target, ignore_errors=True)
            building.replace(target)
        return Snapshot(found, target, read_json(target / MANIFEST)["counts"])
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _pairs(
    comparisons: Iterable[Comparison], heldout_fraction: float, counts: Counter[str]
) -> Iterator[dict[str, Any]]:
    """One row per preference pair; what gives none is counted. Two equal replies say nothing and are left out."""
    for comparison in comparisons:
        for ranking in comparison.verdicts:
            counts["comparisons"] += 1
            counts["all_bad"] += ranking.all_bad
            counts["ties"] += not ranking.all_bad and any(len(group) > 1 for group in ranking.groups)
        split = split_of(comparison.messages, heldout_fraction)
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


def _write(rows: Iterable[dict[str, Any]], file: Path, digest: "hashlib._Hash") -> None:
    """Stream the rows into Parquet and the digest. The hash is of the rows, not of the file: a newer Parquet
    library may write the same rows in other bytes."""
    with pyarrow.parquet.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        rest = iter(rows)
        while batch := list(islice(rest, BATCH)):
            for row in batch:
                digest.update(json.dumps(row, ensure_ascii=False, sort_keys=True).encode() + b"\n")
            writer.write_table(pyarrow.Table.from_pylist(batch, schema=SCHEMA))


def _manifest(found: str, heldout_fraction: float, counts: Counter[str], folder: Path) -> dict[str, Any]:
    names = ("comparisons", "pairs", "train", "heldout", "ties", "all_bad", "identical")
    return {
        "hash": found,
        "format": 1,
        "heldout_fraction": heldout_fraction,
        "counts": {name: counts[name] for name in names},
        "files": {PAIRS: file_hash(folder / PAIRS)},
        "created_at": datetime.now(UTC).isoformat(),
    }
