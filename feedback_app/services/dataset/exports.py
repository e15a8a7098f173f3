"""Exports: how many records each format holds, and the records as the bytes of a file."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from feedback_app.domain.documents import ComparisonDocument, PairDocument, edit_of, pair_documents
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.errors import AppError
from feedback_app.formats import jsonl, kto, parquet, sft
from feedback_app.formats.catalogue import FORMATS
from feedback_app.formats.pairs import carried
from feedback_app.services.dataset.unpaired_feedback import PersonaOf, chat_edits, stored_ratings
from feedback_app.store import Store

LONG_SECONDS = 2.0
SELDOM = 20
Record = TypeVar(
    "Record", bound="ComparisonDocument | PairDocument | tuple[PairDocument, bool] | Rating | Demonstration"
)


class ExportFailed(AppError, RuntimeError):
    """An export broke off; the message names the record, without any of its text, and says what to do."""


def lines(records: Iterable[Record], record_of: Callable[[Record], dict[str, Any]]) -> Iterator[bytes]:
    """A line each. Raises ExportFailed."""
    for record in records:
        try:
            line = jsonl.dumped(record_of(record))
        except (TypeError, ValueError) as error:
            raise ExportFailed(_told(record)) from error
        yield line


def parquet_file(pairs: Iterable[PairDocument]) -> Iterator[bytes]:
    """The file in pieces. Raises ExportFailed before the first."""
    try:
        yield from parquet.written(pairs)
    except (TypeError, ValueError) as error:  # pyarrow's own are such
        raise ExportFailed("the export failed: a pair cannot be written as Parquet") from error


def _told(record: object) -> str:
    match record:
        case (
            ComparisonDocument(id=name)
            | PairDocument(comparison_id=name)
            | (PairDocument(comparison_id=name), _)
        ):
            return (
                f"the export failed: comparison {name} cannot be written. Delete it with "
                f"`codelynn rankings delete {name}`, then export again"
            )
        case Rating() | Demonstration():
            return f"the export failed: a {type(record).__name__.lower()} from {record.source!r} cannot be written"
        case _:
            return "the export failed: a record cannot be written"


@dataclass(frozen=True, slots=True)
class ExportCount:
    """`left_out` records have what the format cannot carry (an empty reply, twice the same reply, broken Unicode), or are
    damaged."""

    records: int
    left_out: int


def data_fingerprint(store: Store) -> tuple[Any, ...]:
    """Changes whenever anything does that an export holds, and is cheap to ask for: nothing of the text is read."""
    given = (store.ratings.count(), store.demonstrations.count(), store.conversations.fingerprint())
    return (store.outcomes.fingerprint(), *given)


class Sizes:
    """The counts, with the stamp of the data that they are of. Where counting takes long, they are kept for a while although the
    data changes: at most a twentieth of the time is spent on them."""

    def __init__(self, store: Store, persona: PersonaOf | None) -> None:
        self._store = store
        self._persona = persona
        self._until = 0.0
        self._counted: tuple[tuple[Any, ...], Mapping[str, ExportCount]] = ((), {})

    def known(self) -> Mapping[str, ExportCount]:
        """By format, as far as nothing has to be read for it."""
        of, counts = self._counted
        return counts if monotonic() < self._until or of == data_fingerprint(self._store) else {}

    def now(self) -> Mapping[str, ExportCount]:
        """By format. What changes while the data is read is counted the next time."""
        of, counts = self._counted
        if monotonic() < self._until:
            return counts
        began, fingerprint = monotonic(), data_fingerprint(self._store)
        if of != fingerprint:
            counts = self._count()
            self._counted = (fingerprint, counts)
            self._until = _recount_at(began, monotonic())
        return counts

    def _count(self) -> dict[str, ExportCount]:
        """Every comparison is read once."""
        rankings, pairs, single, said = (Counter[bool]() for _ in range(4))
        for comparison in self._store.documents.ranked():
            rankings[comparison is None] += 1
            if comparison is None:
                continue
            if (edit := edit_of(comparison)) is not None:
                said[kto.fits(comparison.messages, edit)] += 1
            pairs.update(map(carried, pair_documents(comparison)))
        single.update({fits: 2 * number for fits, number in pairs.items()})
        single.update(map(kto.carried, stored_ratings(self._store, self._persona)))
        said.update(map(sft.carried, self._store.demonstrations.each()))
        said.update(map(sft.carried, chat_edits(self._store, self._persona)))
        counts = dict.fromkeys(FORMATS, _counted(pairs))
        single_replies = {"kto": _counted(single), "sft": _counted(said)}
        return {**counts, **single_replies, "rankings": ExportCount(rankings[False], rankings[True])}


def _recount_at(began: float, ended: float) -> float:
    """When the data may be read again."""
    taken = ended - began
    return ended + SELDOM * taken if taken > LONG_SECONDS else 0.0


def _counted(fits: Counter[bool]) -> ExportCount:
    return ExportCount(fits[True], fits[False])
