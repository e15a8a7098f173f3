"""Imports: a file is read and checked to its end, then stored in parts, completely or not at all."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from feedback_app.formats.jsonl import Limits
from feedback_app.formats.reading import Item, Reading, opened
from feedback_app.services.dataset.import_storing import Sifting, Trial, take_back, take_back_unfinished
from feedback_app.services.dataset.known import Known
from feedback_app.services.dataset.spool import Spool
from feedback_app.services.dataset.unpaired_feedback import PersonaOf
from feedback_app.store import Store
from feedback_app.store.imports import Records

T = TypeVar("T")
EVERY = 100
TURN_SECONDS = 1.0
MEGABYTE = 1_000_000


class Cancelled(Exception):
    """The one who watches asked to stop. Nothing was imported."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` bytes of the file while `reading`, of the file's records while `storing`; a `total` of 0 is not known. `records` were read so far."""

    step: Literal["reading", "comparing", "storing"] = "reading"
    done: int = 0
    total: int = 0
    records: int = 0


def words(now: Progress) -> str:
    """The step as a person reads it."""
    if now.step == "storing":
        return f"Storing {now.done:,} of {_records(now.total)}"
    if now.step == "comparing":
        return "Comparing with what is here"
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

    def compare(self) -> None:
        """The file is read: now its records are compared with those that are here."""
        self._tell(step="comparing", done=0, total=0)

    def stored(self, total: int) -> Callable[[int], None]:
        """What is told how many of the `total` records are stored."""
        self._tell(step="storing", done=0, total=total)
        return lambda done: self._tell(step="storing", done=done, total=total)

    def _tell(self, **changed: int | str) -> None:
        self.now = replace(self.now, **changed)  # type: ignore[arg-type]
        self.watch(self.now)


Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`skipped` records were there already. `kinds`: how many rankings, pairs, ratings and demonstrations the file gave. `left_out`: what could
    not be any of these, by reason. `ignored`: fields left out as asked, by name. Of a trial: what would be added."""

    added: int
    skipped: int
    format: str = field(default="", compare=False)
    kinds: Counts = field(default_factory=dict, compare=False)
    left_out: Counts = field(default_factory=dict, compare=False)
    ignored: Counts = field(default_factory=dict, compare=False)
    trial: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Importer:
    store: Store
    persona: PersonaOf | None
    limits: Limits
    desks: Sequence[str]

    def take(
        self, format: str | None, pieces: Iterable[bytes], meter: Meter, ignore: Iterable[str], trial: bool
    ) -> ImportReport:
        """Raises UnknownFormat, CannotIgnore, FileTooLarge, ImportRefused, and what watches the meter raises."""
        reading = opened(meter.pieces(pieces), format, self.limits, ignore)
        with closing(Spool()) as records:
            _spooled(meter.read(reading.items), reading, records)
            added = self._stored(records, reading.format, meter, trial)
            return ImportReport(
                added,
                len(records) - added,
                reading.format,
                dict(records.kinds),
                dict(reading.left_out),
                dict(reading.ignored),
                trial,
            )

    def _stored(self, records: Spool, format: str, meter: Meter, trial: bool) -> int:
        """Store what is new, and return how much that is."""
        meter.compare()
        sifting = Sifting(Known(self.store, self.persona), format, records.repeated())
        if trial:
            return self._in_parts(records, sifting, meter, Trial(self.store).add)
        while True:
            with self.store.imports.turn(TURN_SECONDS) as acquired:
                if acquired:
                    meter.stored(len(records))  # before the first write, which may have to wait
                    take_back_unfinished(self.store, self.desks)
                    return self._in_turn(records, sifting, meter)
            meter.compare()

    def _in_turn(self, records: Spool, sifting: Sifting, meter: Meter) -> int:
        """All or nothing: whatever ends it early takes back what was stored."""
        import_id = self.store.imports.begin()
        try:
            added = self._in_parts(
                records, sifting, meter, lambda new: self.store.imports.add(import_id, new, self.desks)
            )
        except BaseException:
            take_back(self.store, import_id, self.desks)
            raise
        self.store.imports.finish(import_id)
        take_back_unfinished(self.store, self.desks)
        return added

    def _in_parts(self, records: Spool, sifting: Sifting, meter: Meter, add: Callable[[Records], int]) -> int:
        stored, added, done = meter.stored(len(records)), 0, 0
        for items in records.parts():
            stored(done)
            added += add(sifting.fresh(items))
            done += len(items)
        stored(done)
        return added


def _spooled(items: Iterable[Item], reading: Reading, records: Spool) -> None:
    """Keep all that a file gives. Raises ImportRefused if it has a single problem; what was read is then let go."""
    for item in items:
        if reading.problems.count:
            records.clear()
        else:
            records.add(item)
    reading.problems.refuse()


class Import:
    """`run` takes the file in. A service that stops meanwhile stores nothing of it."""

    def __init__(self, run: Callable[[Watch], ImportReport]) -> None:
        self._run = run
        self._stop = threading.Event()
        self._report: ImportReport | None = None
        self._error: Exception | None = None
        self.progress = Progress()
        self.done = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._work, name="import", daemon=True).start()

    def cancel(self) -> None:
        """End it; where all is stored already, it stays."""
        self._stop.set()

    def report(self) -> ImportReport:
        """How it went, once it is `done`. Raises Cancelled, and what `run` raised."""
        if self._error is not None:
            raise self._error
        assert self._report is not None
        return self._report

    def _watch(self, progress: Progress) -> None:
        if self._stop.is_set():
            raise Cancelled("the import was cancelled")
        self.progress = progress

    def _work(self) -> None:
        try:
            self._report = self._run(self._watch)
        except Exception as error:  # noqa: BLE001 - raised again where the report is asked for
            self._error = error
        finally:
            self.done.set()
