"""A file taken in: read whole, held against what is here, and stored in one transaction, or not at all."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.formats import kto, sft
from feedback_app.formats.jsonl import Limits
from feedback_app.formats.pairs import pair_id, ranked_comparison
from feedback_app.formats.reading import WORDS, Item, Reading, opened
from feedback_app.services.dataset.import_progress import Meter
from feedback_app.services.dataset.unpaired_feedback import (
    PersonaOf,
    ratings_and_pairs,
    stored_demonstrations,
    stored_pairs,
)
from feedback_app.store import Store

T = TypeVar("T", Comparison, PreferencePair, Rating, Demonstration)
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


def _of(kind: type[T], items: Iterable[Item]) -> list[T]:
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
