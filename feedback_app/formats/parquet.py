"""Preference pairs in TRL's shape as one Parquet file, with the models and the annotator beside them."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import fields, trl
from feedback_app.formats.errors import BadRecord, Problems
from feedback_app.formats.fields import Record
from feedback_app.formats.jsonl import Limits, chunks, mebibytes

ROWS = 500
_TURNS = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
NAMES = ("comparison_id", "chosen_model", "rejected_model", "annotator")
SCHEMA = pa.schema(
    [(name, _TURNS) for name in ("prompt", "chosen", "rejected")] + [(name, pa.string()) for name in NAMES]
)


def dump(pair: PreferencePair) -> dict[str, Any]:
    """One row."""
    return trl.dump(pair) | {name: getattr(pair, name) for name in NAMES}


def load(row: Record) -> PreferencePair:
    """Raises BadRecord."""
    pair = trl.load(row)
    return replace(
        pair,
        chosen_model=fields.short_name(row, "chosen_model", pair.chosen_model),
        rejected_model=fields.short_name(row, "rejected_model", pair.rejected_model),
        annotator=fields.short_name(row, "annotator", pair.annotator),
    )


def written(pairs: Iterable[PreferencePair]) -> Iterator[bytes]:
    """The file in pieces. It is written whole into a nameless temporary file first: Parquet's index is its end."""
    with tempfile.TemporaryFile() as file:
        rows = map(dump, pairs)
        with pq.ParquetWriter(file, SCHEMA) as writer:
            while batch := list(islice(rows, ROWS)):
                writer.write_table(pa.Table.from_pylist(batch, SCHEMA))
        file.seek(0)
        yield from chunks(file)


def read(source: Iterable[bytes], limits: Limits, problems: Problems) -> Iterator[PreferencePair]:
    """The pairs of a file given in pieces; rows that cannot be read are problems. Raises FileTooLarge."""
    with tempfile.TemporaryFile() as file:
        size = 0
        for piece in source:
            size += file.write(piece)
            limits.check(size)
        try:
            yield from _rows(file, limits, problems)
        except (pa.ArrowException, OSError):
            problems.add(0, "is not a readable Parquet file")


def _rows(file: BinaryIO, limits: Limits, problems: Problems) -> Iterator[PreferencePair]:
    with pq.ParquetFile(file) as parquet:
        groups = (parquet.metadata.row_group(i) for i in range(parquet.metadata.num_row_groups))
        if sum(group.total_byte_size for group in groups) > limits.file:
            problems.add(0, f"unpacks to more than {mebibytes(limits.file)}: split it")
            return
        wanted = [name for name in SCHEMA.names if name in parquet.schema_arrow.names]
        number = 0
        for batch in parquet.iter_batches(ROWS, columns=wanted):
            for i in range(batch.num_rows):
                number += 1
                try:
                    yield load(batch.slice(i, 1).to_pylist()[0])
                except UnicodeDecodeError:
                    problems.add(number, "holds text that is not UTF-8")
                except BadRecord as error:
                    problems.add(number, str(error))
