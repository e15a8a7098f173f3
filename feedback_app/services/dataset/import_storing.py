"""Stores the records of a checked file in parts. Each part is visible at once; an import that ends early is taken back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TypeVar

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.formats import kto, sft
from feedback_app.formats.pairs import pair_id, ranked_comparison
from feedback_app.formats.reading import Item
from feedback_app.services.dataset.known import Known
from feedback_app.services.dataset.spool import content_hash
from feedback_app.store import Store
from feedback_app.store.imports import Records

Kept = TypeVar("Kept", Comparison, PreferencePair, Rating, Demonstration)


@dataclass(slots=True)
class Sifting:
    """Finds what is new in the parts of a file. `repeated` are the hashes of pairs that the file has more than once."""

    known: Known
    format: str
    repeated: frozenset[int]
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    fresh_pairs: int = 0
    before: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    rated: set[str] | None = None
    written: set[str] | None = None

    def fresh(self, items: Sequence[Item]) -> Records:
        """What of a part is new, with the comparisons that its pairs become."""
        ratings, demonstrations = _of(Rating, items), _of(Demonstration, items)
        return Records(
            [*_of(Comparison, items), *self._pairs(_of(PreferencePair, items))],
            self._ratings(ratings) if ratings else (),
            self._demonstrations(demonstrations) if demonstrations else (),
        )

    def _pairs(self, pairs: Sequence[PreferencePair]) -> list[Comparison]:
        """A pair that occurs more often than it is known is new as often as that is so."""
        known, fresh = self.known.pairs(pairs), list[Comparison]()
        for pair in pairs:
            occurrence = self._occurrence(pair, known)
            if occurrence:
                moment = self.begun + timedelta(microseconds=self.fresh_pairs)  # keeps the order of the file
                fresh.append(ranked_comparison(pair, f"import:{self.format}", occurrence, moment))
                self.fresh_pairs += 1
        return fresh

    def _occurrence(self, pair: PreferencePair, known: Counter[str]) -> int:
        """Which occurrence of the pair this is; 0 if it is here already."""
        if content_hash(pair) not in self.repeated:
            return 0 if known and known[pair_id(pair)] else 1
        key = pair_id(pair)
        if key not in self.seen:
            self.before[key] = known[key]
        self.seen[key] += 1
        return self.seen[key] if self.seen[key] > self.before[key] else 0

    def _ratings(self, ratings: Sequence[Rating]) -> list[Rating]:
        if self.rated is None:
            self.rated = self.known.rated_in_chats()
        known = self.known.ratings(ratings) | self.rated
        return [rating for rating in ratings if kto.rating_id(rating) not in known]

    def _demonstrations(self, demonstrations: Sequence[Demonstration]) -> list[Demonstration]:
        if self.written is None:
            self.written = self.known.written_in_chats()
        known = self.known.demonstrations(demonstrations) | self.written
        return [one for one in demonstrations if sft.demonstration_id(one) not in known]


@dataclass(slots=True)
class Trial:
    """Counts what would be stored."""

    store: Store
    seen: set[int] = field(default_factory=set)

    def add(self, records: Records) -> int:
        """How many of them are new."""
        known = self.store.imports.known_ids([comparison.id for comparison in records.comparisons])
        ids = [comparison.id for comparison in records.comparisons if comparison.id not in known]
        new = {hash(key) for key in (*ids, *records.ratings, *records.demonstrations)} - self.seen
        self.seen |= new
        return len(new)


def take_back(store: Store, import_id: str, desks: Sequence[str]) -> None:
    """Delete what an import has stored, in short transactions, and forget the import."""
    while stored := store.imports.stored_by(import_id):
        for kind, rows in groupby(stored, key=lambda row: row[1]):
            keys = [key for _, _, key in rows]
            if kind == "comparisons":
                store.curation.delete(keys, desks)
            else:
                store.imports.take_back(kind, keys)
        store.imports.forget([number for number, _, _ in stored])
    store.imports.finish(import_id)


def take_back_unfinished(store: Store, desks: Sequence[str]) -> None:
    """Take back imports whose process died. Call it in one's turn, when no import runs."""
    for import_id in store.imports.unfinished():
        take_back(store, import_id, desks)
    while store.imports.forget_finished():
        continue


def _of(kind: type[Kept], items: Sequence[Item]) -> list[Kept]:
    return [item for item in items if isinstance(item, kind)]
