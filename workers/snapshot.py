"""Exports the stored rankings, ratings and demonstrations as a snapshot."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from alignment.contract.snapshot.builder import SnapshotBuilder
from alignment.contract.snapshot.schema import DEMONSTRATIONS, RATINGS
from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, Rating
from feedback_app.domain.training_row import TrainingRow, training_row
from feedback_app.formats import sft
from workers.snapshot_columns import RankedColumns, single_columns

BATCH = 1000
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`counts` are named in `alignment.contract.snapshot.schema.COUNTS`."""

    hash: str
    folder: Path
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class UnpairedFeedback:
    """Feedback on single replies: ratings (thumbs, imports) and demonstrations, each iterated once."""

    ratings: Iterable[Rating] = ()
    demonstrations: Iterable[Demonstration] = ()


def nobody(done: int) -> None:
    """Ignores the progress."""


def export(
    comparisons: Iterable[Comparison],
    heldout_fraction: float,
    snapshots: Path,
    unpaired: UnpairedFeedback | None = None,
) -> Snapshot:
    """`export_rows` of comparisons that were read as a whole; their edits are no demonstrations."""
    rows = (list(map(training_row, some)) for some in _batched(comparisons))
    return export_rows(rows, heldout_fraction, snapshots, unpaired, with_edits=False)


def export_rows(
    batches: Iterable[Sequence[TrainingRow]],
    heldout_fraction: float,
    snapshots: Path,
    unpaired: UnpairedFeedback | None = None,
    progress: Callable[[int], None] = nobody,
    with_edits: bool = True,
) -> Snapshot:
    """Write a snapshot of the comparisons and of `unpaired` into the folder `snapshots`. A snapshot with the same content is
    used again. `progress` hears after each batch how many comparisons are written; what it raises ends the export."""
    done = 0
    with SnapshotBuilder(snapshots, heldout_fraction) as builder, _Aside() as aside:
        for batch in batches:
            aside.run(RankedColumns.of(batch, heldout_fraction).write, builder)
            if with_edits:
                _add_demonstrations(builder, heldout_fraction, _edits(batch))
            progress(done := done + len(batch))
        aside.wait()
        given = unpaired or UnpairedFeedback()
        for some in _batched(given.ratings):
            builder.counts["ratings"] += len(some)
            good = [rating.good for rating in some]
            builder.add(RATINGS, single_columns(some, heldout_fraction, good))
            progress(done)
        _add_demonstrations(builder, heldout_fraction, given.demonstrations, lambda: progress(done))
        folder, manifest = builder.finish()
        return Snapshot(manifest.hash, folder, dict(manifest.counts))


class _Aside:
    """A thread in which one batch is written while the next one is read. What writing raises is raised by the next call."""

    def __init__(self) -> None:
        self._pool, self._writing = ThreadPoolExecutor(1), Future[None]()
        self._writing.set_result(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def run(self, write: Callable[[SnapshotBuilder], None], builder: SnapshotBuilder) -> None:
        self.wait()
        self._writing = self._pool.submit(write, builder)

    def wait(self) -> None:
        self._writing.result()


def _add_demonstrations(
    builder: SnapshotBuilder,
    heldout_fraction: float,
    demonstrations: Iterable[Demonstration],
    written: Callable[[], None] = lambda: None,
) -> None:
    for some in _batched(demonstrations):
        builder.counts["demonstrations"] += len(some)
        builder.add(DEMONSTRATIONS, single_columns(some, heldout_fraction))
        written()


def _edits(rows: Iterable[TrainingRow]) -> Iterator[Demonstration]:
    """The owner's edits that an import would accept."""
    return (edit for row in rows if (edit := row.demonstration) is not None and sft.carried(edit))


def _batched(items: Iterable[Item]) -> Iterator[list[Item]]:
    waiting = iter(items)
    while batch := list(islice(waiting, BATCH)):
        yield batch
