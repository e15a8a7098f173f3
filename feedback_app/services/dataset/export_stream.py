"""Records as the bytes of a file; one that cannot be written is named, and ends the export."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.errors import AppError
from feedback_app.formats import jsonl, parquet

Record = TypeVar("Record", Comparison, PreferencePair, Rating, Demonstration)


class ExportFailed(AppError, RuntimeError):
    """An export broke off; the message names the record, without any of its text, and says what to do."""


def lines(records: Iterable[Record], dump: Callable[[Record], dict[str, Any]]) -> Iterator[bytes]:
    """A line each. Raises ExportFailed."""
    for record in records:
        try:
            line = jsonl.dumped(dump(record))
        except (TypeError, ValueError) as error:
            raise ExportFailed(_told(record)) from error
        yield line


def parquet_file(pairs: Iterable[PreferencePair]) -> Iterator[bytes]:
    """The file in pieces. Raises ExportFailed before the first."""
    try:
        yield from parquet.written(pairs)
    except (TypeError, ValueError) as error:  # pyarrow's own are such
        raise ExportFailed("the export failed: a pair cannot be written as Parquet") from error


def _told(record: Comparison | PreferencePair | Rating | Demonstration) -> str:
    match record:
        case Comparison(id=name) | PreferencePair(comparison_id=name) if name:
            return (
                f"the export failed: comparison {name} cannot be written. Delete it with "
                f"`codelynn rankings delete {name}`, then export again"
            )
        case Rating() | Demonstration():
            return f"the export failed: a {type(record).__name__.lower()} from {record.source!r} cannot be written"
        case _:
            return "the export failed: a pair cannot be written"
