"""Imports: a file is read to its end, compared with the stored data, and stored in one transaction or not at all."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.formats import kto, sft
from feedback_app.formats.jsonl import Limits
from feedback_app.formats.pairs import pair_id, ranked_comparison
from feedback_app.formats.reading import WORDS, Item, Reading, opened
from feedback_app.services.dataset.unpaired_feedback import (
    PersonaOf,
    ratings_and_pairs,
    stored_demonstrations,
    stored_pairs,
)
from feedback_app.store import Store

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


Kept = TypeVar("Kept", Comparison, PreferencePair, Rating, Demonstration)
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
        items = _whole(meter.read(reading.items), reading)
        fresh = [*_of(Comparison, items), *self._new_pairs(_of(PreferencePair, items), reading.format, meter)]
        ratings = self._new_ratings(_of(Rating, items), meter)
        demonstrations = self._new_demonstrations(_of(Demonstration, items), meter)
        stored = meter.stored(len(fresh) + len(ratings) + len(demonstrations))
        added = self.store.imports.add_all(fresh, ratings, demonstrations, self.desks, stored, keep=not trial)
        return ImportReport(
            added,
            len(items) - added,
            reading.format,
            dict(Counter(WORDS[type(item)] for item in items)),
            dict(reading.left_out),
            dict(reading.ignored),
            trial,
        )

    def _new_pairs(self, pairs: Sequence[PreferencePair], format: str, meter: Meter) -> list[Comparison]:
        """A pair that occurs more often than it is known is new as often as that is so."""
        known = Counter(map(pair_id, meter.known(stored_pairs(self.store)))) if pairs else Counter[str]()
        begun, seen, fresh = datetime.now(UTC), Counter[str](), list[Comparison]()
        for pair in pairs:
            key = pair_id(pair)
            seen[key] += 1
            if seen[key] > known[key]:
                moment = begun + timedelta(microseconds=len(fresh))  # keeps the order of the file
                fresh.append(ranked_comparison(pair, f"import:{format}", seen[key], moment))
        return fresh

    def _new_ratings(self, ratings: Sequence[Rating], meter: Meter) -> list[Rating]:
        if not ratings:
            return []
        known = set(map(kto.rating_id, meter.known(ratings_and_pairs(self.store, self.persona))))
        return [rating for rating in ratings if kto.rating_id(rating) not in known]

    def _new_demonstrations(
        self, demonstrations: Sequence[Demonstration], meter: Meter
    ) -> list[Demonstration]:
        if not demonstrations:
            return []
        here = meter.known(stored_demonstrations(self.store, self.persona))
        known = set(map(sft.demonstration_id, here))
        return [one for one in demonstrations if sft.demonstration_id(one) not in known]


def _of(kind: type[Kept], items: Iterable[Item]) -> list[Kept]:
    return [item for item in items if isinstance(item, kind)]


def _whole(items: Iterable[Item], reading: Reading) -> list[Item]:
    """All that a file gives. Raises ImportRefused if it has a single problem; what was read is then let go."""
    kept: list[Item] = []
    for item in items:
        if reading.problems.count:
            kept.clear()
        else:
            kept.append(item)
    reading.problems.refuse()
    return kept


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
