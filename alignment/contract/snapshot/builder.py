"""Writing a snapshot: rows go in one by one, and the folder gets its name from what they say."""

import hashlib
import json
import shutil
from collections import Counter
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import pyarrow
import pyarrow.parquet

from alignment.contract.files import file_hash, read_json, write_json
from alignment.contract.snapshot.schema import (
    COUNTS,
    DEMONSTRATIONS,
    MANIFEST,
    PAIRS,
    RANKINGS,
    RATINGS,
    SCHEMAS,
    Demonstration,
    Manifest,
    Messages,
    Pair,
    Rating,
)
from alignment.contract.split import Split, prompt_key, split_of_key
from reward_model.rankings import Ranked

BATCH = 1000


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

    def close(self) -> None:
        if self._batch:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(pyarrow.Table.from_pylist(self._batch, schema=self._schema))
        self._batch.clear()


class SnapshotBuilder:
    """Use it as a context manager: what is not finished leaves nothing behind. `counts` are named in COUNTS; who adds rows
    counts what the rows do not say (comparisons, ties, all_bad)."""

    def __init__(self, snapshots: Path, heldout_fraction: float) -> None:
        self.counts = Counter[str]()
        self._snapshots, self._fraction = snapshots, heldout_fraction
        self._folder = snapshots / f".building-{uuid4().hex}"
        self._folder.mkdir(parents=True)
        self._tables = {name: Table(self._folder / name, schema) for name, schema in SCHEMAS.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def add_pair(self, pair: Pair, comparison_id: str = "") -> None:
        """Two equal replies teach nothing: they are counted and left out."""
        if pair.chosen.strip() == pair.rejected.strip():
            self.counts["identical"] += 1
            return
        split = self._split(pair.prompt)
        self.counts.update(("pairs", split))
        self._add(PAIRS, pair, split=split, comparison_id=comparison_id)

    def add_ranking(self, ranked: Ranked) -> None:
        """Ties too. Its side follows from its prompt."""
        self.counts["rankings"] += 1
        self._add(RANKINGS, replace(ranked, split=self._split(ranked.prompt)))

    def add_rating(self, rating: Rating) -> None:
        self.counts["ratings"] += 1
        self._add(RATINGS, rating, split=self._split(rating.prompt))

    def add_demonstration(self, demonstration: Demonstration) -> None:
        self.counts["demonstrations"] += 1
        self._add(DEMONSTRATIONS, demonstration, split=self._split(demonstration.prompt))

    def finish(self) -> tuple[Path, Manifest]:
        """The snapshot's folder, complete, and its manifest; those there are where the same rows were written before."""
        for table in self._tables.values():
            table.close()
        digests = " ".join(table.digest.hexdigest() for table in self._tables.values())
        name = hashlib.sha256(digests.encode()).hexdigest()
        target = self._snapshots / name
        if not (target / MANIFEST).exists():
            write_json(self._folder / MANIFEST, self._manifest(name).record())
            shutil.rmtree(target, ignore_errors=True)
            self._folder.replace(target)
        return target, Manifest.from_record(read_json(target / MANIFEST), name)

    def _add(self, name: str, row: Pair | Ranked | Rating | Demonstration, **more: str) -> None:
        self._tables[name].add({key: _plain(value) for key, value in (asdict(row) | more).items()})

    def _split(self, prompt: Messages) -> Split:
        key = prompt_key((turn["role"], turn["content"]) for turn in prompt)
        return split_of_key(key, self._fraction)

    def _manifest(self, name: str) -> Manifest:
        return Manifest(
            hash=name,
            heldout_fraction=self._fraction,
            counts={count: self.counts[count] for count in COUNTS},
            files={file: file_hash(self._folder / file) for file in SCHEMAS},
            created_at=datetime.now(UTC).isoformat(),
        )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
