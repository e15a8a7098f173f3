"""Writing a snapshot: rows go in by the batch, and the folder gets its name from what they say."""

import hashlib
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import pyarrow
import pyarrow.parquet

from alignment.contract.files import file_hash, read_json, write_json
from alignment.contract.snapshot.card import CARD, card
from alignment.contract.snapshot.digest import RowsDigest
from alignment.contract.snapshot.schema import (
    COUNTS,
    MANIFEST,
    SCHEMAS,
    SHARD_BYTES,
    Manifest,
    shard_name,
)

GROUP_ROWS = 10_000
GROUP_BYTES = 48 * 2**20
"""Rows are written together until there are so many of them, or so many bytes."""


class Table:
    """A table that grows by batches, in as many files as it needs."""

    def __init__(self, folder: Path, name: str, schema: pyarrow.Schema, most: int) -> None:
        self.digest, self.files = RowsDigest(), list[str]()
        self._folder, self._name, self._schema, self._most = folder, name, schema, most
        self._waiting, self._bytes = list[pyarrow.RecordBatch](), 0
        self._open()

    def add(self, batch: pyarrow.RecordBatch) -> None:
        self.digest.update(batch)
        self._waiting.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= GROUP_BYTES or sum(each.num_rows for each in self._waiting) >= GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._close()

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._sink.tell() and self._sink.tell() + self._bytes > self._most:
            self._close()
            self._open()
        self._writer.write_table(pyarrow.Table.from_batches(self._waiting, self._schema), GROUP_ROWS)
        self._waiting, self._bytes = [], 0

    def _open(self) -> None:
        self.files.append(shard_name(self._name, len(self.files)))
        self._sink = pyarrow.OSFile(str(self._folder / self.files[-1]), "wb")
        self._writer = pyarrow.parquet.ParquetWriter(self._sink, self._schema, compression="zstd")

    def _close(self) -> None:
        self._writer.close()
        self._sink.close()


class SnapshotBuilder:
    """Use it as a context manager: what is not finished leaves nothing behind. `counts` are named in COUNTS; who adds rows
    counts them. `shard_bytes` is the largest size of a file."""

    def __init__(self, snapshots: Path, heldout_fraction: float, shard_bytes: int = SHARD_BYTES) -> None:
        self.counts = Counter[str]()
        self._snapshots, self._fraction = snapshots, heldout_fraction
        self._folder = snapshots / f".building-{uuid4().hex}"
        self._folder.mkdir(parents=True)
        self._tables = {
            name: Table(self._folder, name, schema, shard_bytes) for name, schema in SCHEMAS.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, table: str, columns: list[Any]) -> None:
        """Add rows to a table: its columns as Arrow arrays, in the order of its schema."""
        self._tables[table].add(pyarrow.RecordBatch.from_arrays(columns, schema=SCHEMAS[table]))

    def finish(self) -> tuple[Path, Manifest]:
        """The snapshot's folder, complete, and its manifest; those there are where the same rows were written before."""
        for table in self._tables.values():
            table.close()
        digests = " ".join(table.digest.hexdigest() for table in self._tables.values())
        name = hashlib.sha256(digests.encode()).hexdigest()
        target = self._snapshots / name
        if not (target / MANIFEST).exists():
            manifest = self._manifest(name)
            (self._folder / CARD).write_text(card(manifest), encoding="utf-8")
            write_json(self._folder / MANIFEST, manifest.record())
            shutil.rmtree(target, ignore_errors=True)
            self._folder.replace(target)
        return target, Manifest.from_record(read_json(target / MANIFEST), name)

    def _manifest(self, name: str) -> Manifest:
        files = [file for table in self._tables.values() for file in table.files]
        return Manifest(
            hash=name,
            heldout_fraction=self._fraction,
            counts={count: self.counts[count] for count in COUNTS},
            files={file: file_hash(self._folder / file) for file in files},
            created_at=datetime.now(UTC).isoformat(),
        )
