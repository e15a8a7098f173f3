"""How far an import is, told to whoever watches. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

T = TypeVar("T")
EVERY = 100
MEGABYTE = 1_000_000


class Cancelled(Exception):
    """The one who watches asked to stop. Nothing was imported."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` bytes of the file while `reading`, of records that are here already while `comparing`, of the
    file's records while `storing`; a `total` of 0 is not known. `records` were read so far."""

    step: Literal["reading", "comparing", "storing"] = "reading"
    done: int = 0
    total: int = 0
    records: int = 0


def words(now: Progress) -> str:
    """The step as a person reads it."""
    if now.step == "storing":
        return f"Storing {now.done:,} of {_records(now.total)}"
    if now.step == "comparing":
        return f"Comparing with what is here: {now.done:,} so far"
    read = f"{now.done / MEGABYTE:.1f} of {now.total / MEGABYTE:.1f} MB"
    return f"Reading {read}, {_records(now.records)}"


def _records(number: int) -> str:
    return f"{number:,} {'record' if number == 1 else 'records'}"


Watch = Callable[[Progress], None]
"""Is told of every step; what it raises (`Cancelled`, for one) ends the import and leaves nothing behind."""


def unwatched(progress: Progress) -> None:
    """Nobody looks."""


@dataclass(slots=True)
class Meter:
    """Counts what flows through it, and tells `watch`. `size` of the file in bytes, 0 where it is not known."""

    watch: Watch
    size: int = 0
    now: Progress = field(default_factory=Progress)

    def pieces(self, source: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces of the file, counted as they are asked for."""
        self.now = Progress(total=self.size)
        for piece in source:
            self._tell(done=self.now.done + len(piece))
            yield piece

    def read(self, records: Iterable[T]) -> Iterator[T]:
        """The records of the file."""
        for number, record in enumerate(records, start=1):
            if number % EVERY == 0:
                self._tell(records=number)
            yield record

    def known(self, records: Iterable[T]) -> Iterator[T]:
        """Those that are here already."""
        self._tell(step="comparing", done=0, total=0)
        for number, record in enumerate(records, start=1):
            if number % EVERY == 0:
                self._tell(done=number)
            yield record

    def stored(self, total: int) -> Callable[[int], None]:
        """What is told how many of the `total` records are stored."""
        self._tell(step="storing", done=0, total=total)
        return lambda done: self._tell(step="storing", done=done, total=total)

    def _tell(self, **changed: int | str) -> None:
        self.now = replace(self.now, **changed)  # type: ignore[arg-type]
        self.watch(self.now)
