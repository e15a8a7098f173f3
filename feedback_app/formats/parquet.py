"""Parquet files: writes preference pairs in TRL's format with models and annotator, and reads rows of any format."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from feedback_app.domain.documents import PairDocument, Turns, pair_document
from feedback_app.domain.preference import PreferencePair
from feedback_app.formats import trl, unused
from feedback_app.formats.errors import Problems
from feedback_app.formats.jsonl import Limits, chunks, mebibytes

ROWS = 500
MAGIC = b"PAR1"
TURN = pa.struct([("role", pa.string()), ("content", pa.string())])
_TURNS = pa.list_(TURN)
NAMES = ("comparison_id", "chosen_model", "rejected_model", "annotator")
SCHEMA = pa.schema(
    [(name, _TURNS) for name in ("prompt", "chosen", "rejected")] + [(name, pa.string()) for name in NAMES]
)


def dump(pair: PreferencePair) -> dict[str, Any]:
    """One row."""
    document = pair_document(pair)
    return trl.record_of(document) | {name: getattr(document, name) for name in NAMES}


def written(pairs: Iterable[PairDocument]) -> Iterator[bytes]:
    """The file in pieces. It is first written to an unnamed temporary file, because Parquet ends with its index."""
    with tempfile.TemporaryFile() as file:
        remaining = iter(pairs)
        with pq.ParquetWriter(file, SCHEMA) as writer:
            while batch := list(islice(remaining, ROWS)):
                writer.write_table(_table(batch))
        file.seek(0)
        yield from chunks(file)


def _table(pairs: Sequence[PairDocument]) -> pa.Table:
    """The rows of `dump`, column by column."""
    conversations = _conversations([pair.prompt for pair in pairs])
    answers = [_answers([pair.chosen for pair in pairs]), _answers([pair.rejected for pair in pairs])]
    names = [pa.array([getattr(pair, name) for pair in pairs], pa.string()) for name in NAMES]
    return pa.Table.from_arrays([conversations, *answers, *names], schema=SCHEMA)


def _answers(texts: list[str]) -> pa.ListArray:
    """One turn each, as `trl.answer` has it."""
    return _lists(["assistant"] * len(texts), texts, range(len(texts) + 1))


def _conversations(conversations: Sequence[Turns]) -> pa.ListArray:
    every = [turn for turns in conversations for turn in turns]
    ends = accumulate(map(len, conversations), initial=0)
    return _lists([turn["role"] for turn in every], [turn["content"] for turn in every], ends)


def _lists(roles: list[str], contents: list[str], ends: Iterable[int]) -> pa.ListArray:
    turns = pa.StructArray.from_arrays(
        [pa.array(roles, pa.string()), pa.array(contents, pa.string())], fields=list(TURN)
    )
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), turns, type=_TURNS)


def rows(source: Iterable[bytes], limits: Limits, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """The numbered rows of a file given in pieces. Rows that cannot be read are added to the problems. Raises FileTooLarge."""
    with tempfile.TemporaryFile() as file:
        size = 0
        for piece in source:
            size += file.write(piece)
            limits.check(size)
        try:
            yield from _rows(file, limits, problems)
        except (pa.ArrowException, OSError):
            problems.add(0, "is not a readable Parquet file")


def _rows(file: BinaryIO, limits: Limits, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    with pq.ParquetFile(file) as parquet:
        if duplicate := _duplicate_column(parquet.schema_arrow):
            problems.add(0, f"has two columns {unused.listed([duplicate])}: keep one")
            return
        groups = (parquet.metadata.row_group(i) for i in range(parquet.metadata.num_row_groups))
        if sum(group.total_byte_size for group in groups) > limits.file:
            problems.add(0, f"unpacks to more than {mebibytes(limits.file)}: split it")
            return
        number, size = 0, 0
        for batch in parquet.iter_batches(ROWS):
            size += batch.nbytes  # repeated values are small in the file
            limits.check(size)
            for i in range(batch.num_rows):
                number += 1
                try:
                    row = batch.slice(i, 1).to_pylist()[0]
                except UnicodeDecodeError:
                    problems.add(number, "holds text that is not UTF-8")
                else:
                    yield number, row


def _duplicate_column(schema: pa.Schema) -> str | None:
    """The name of two columns, if any: a row would hold only one of them."""
    return next((name for name in schema.names if schema.names.count(name) > 1), None)
