"""Lists, compares and deletes snapshots, and compares the newest with the current data."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from feedback_app.domain.persona import Persona
from feedback_app.domain.preference import first_training_key, preference_pairs
from feedback_app.domain.round import Round
from feedback_app.domain.snapshot import (
    CHANGE_TYPES,
    RECORD_KINDS,
    BrokenSnapshot,
    ChangeType,
    RecordKind,
    SnapshotDifference,
    SnapshotNeeded,
    SnapshotNotFound,
    SnapshotRecord,
    SnapshotSummary,
    from_pairs,
)
from feedback_app.domain.snapshot_difference import difference
from feedback_app.formats import kto, sft
from feedback_app.services.dataset.exports import data_fingerprint
from feedback_app.services.dataset.unpaired_feedback import PersonaOf, chat_edits, stored_ratings
from feedback_app.services.rounds.snapshot_files import (
    StoredSnapshot,
    demonstration,
    ranking,
    rating,
    read_folder,
    size,
)
from feedback_app.store import Store

NOW = "now"
"""What is here, in place of a snapshot."""
MANY = 10_000
MOST_READ = 20_000
"""With more pairs than this, nothing is compared that nobody asked for."""
GONE = "(deleted since)"


@dataclass(frozen=True, slots=True)
class SnapshotComparison:
    """Two snapshots, or one and what is here now. `sources` and `tags` count the comparisons whose rankings differ;
    `kinds` are those that both hold, `notes` say what was not compared."""

    one: str
    other: str
    difference: SnapshotDifference
    sources: Mapping[ChangeType, Mapping[str, int]]
    tags: Mapping[ChangeType, Mapping[str, int]]
    kinds: frozenset[RecordKind] = frozenset(RECORD_KINDS)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SnapshotGrowth:
    """The preference pairs of the newest snapshot, and those there are now: known without reading any text."""

    then: int
    now: int


@dataclass(slots=True)
class Snapshots:
    """`folder` may be another machine's: what is not here is said. `personas` whose system prompts go before what was said of replies in chats."""

    store: Store
    folder: Path
    persona: PersonaOf | None = None
    personas: Callable[[], list[Persona]] = list
    _since: tuple[tuple[Any, ...], SnapshotComparison | None] = field(default=((), None))

    def all(self) -> list[SnapshotSummary]:
        """Newest first; at the end what cannot be read, or lies on another machine."""
        rounds: dict[str, list[Round]] = {}
        for round_ in self.store.rounds.list(MANY):
            rounds.setdefault(round_.snapshot, []).append(round_)
        rounds.pop("", None)
        found = [self._described(path, tuple(rounds.pop(path.name, ()))) for path in self._folders()]
        away = "not on this machine, or deleted"
        found += [SnapshotSummary(name, rounds=tuple(of), problem=away) for name, of in rounds.items()]
        whole = sorted(
            (one for one in found if one.created_at), key=lambda one: str(one.created_at), reverse=True
        )
        return [*whole, *(one for one in found if one.created_at is None)]

    def newest(self) -> SnapshotSummary | None:
        """The newest that can be read."""
        return next((one for one in self.all() if not one.problem), None)

    def named(self, name: str) -> str:
        """The hash that begins so; `now` and `newest` are names too. Raises SnapshotNotFound."""
        if name == NOW:
            return NOW
        if name == "newest" and (newest := self.newest()):
            return newest.hash
        known = [path.name for path in self._folders() if name and path.name.startswith(name)]
        if len(known) != 1:
            raise SnapshotNotFound(
                f"{len(known)} snapshots here are called {name!r}: `codelynn snapshots list` names them"
            )
        return known[0]

    def compared(self, one: str, other: str) -> SnapshotComparison:
        """What `other` has that `one` has not, and the other way round. Raises SnapshotNotFound, BrokenSnapshot."""
        one, other = self.named(one), self.named(other)
        sides = [None if name == NOW else self._checked(name) for name in (one, other)]
        held = [set(RECORD_KINDS) if side is None else side.kinds for side in sides]
        kinds, by_pairs = held[0] & held[1], not all("rankings" in kinds for kinds in held)

        def source(side: StoredSnapshot | None) -> Callable[[], Iterator[SnapshotRecord]]:
            return lambda: self._here(kinds, by_pairs) if side is None else side.records(kinds, by_pairs)

        found = difference(source(sides[0]), source(sides[1]))
        sources, tags = self._origins(found)
        return SnapshotComparison(
            one, other, found, sources, tags, frozenset(kinds | {"rankings"}), notes(kinds, by_pairs)
        )

    def since(self) -> SnapshotComparison | SnapshotGrowth | None:
        """What has been said since the newest snapshot; None without any. The data is read where it has changed since
        the last call; where there is much of it, only the kept numbers are compared."""
        newest = self.newest()
        if newest is None:
            return None
        pairs = self.store.counters.pairs_from(first_training_key(0.0))
        if max(pairs, newest.counts.get("pairs", 0)) > MOST_READ:
            return SnapshotGrowth(newest.counts.get("pairs", 0), pairs)
        now = (newest.hash, data_fingerprint(self.store), *self.personas())
        of, known = self._since
        if known is None or of != now:
            known = self.compared(newest.hash, NOW)
            self._since = (now, known)
        return known

    def delete(self, name: str) -> str:
        """Delete a snapshot for good; gives its hash. Raises SnapshotNotFound, SnapshotNeeded."""
        found = self.named(name)
        if found == NOW:
            raise SnapshotNotFound("the current data is not a snapshot: choose a snapshot to delete")
        for round_ in self.store.rounds.list(MANY):
            if round_.snapshot == found and not round_.state.final:
                raise SnapshotNeeded(
                    f"the {round_.method} round {round_.id[:8]} is {round_.state.value} and needs this snapshot: "
                    "cancel it or wait for its end"
                )
        shutil.rmtree(self.folder / found)
        return found

    def _folders(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.iterdir() if path.is_dir() and path.name[0] != ".")

    def _described(self, path: Path, rounds: tuple[Round, ...]) -> SnapshotSummary:
        try:
            read = read_folder(path)
            return SnapshotSummary(path.name, read.created_at, read.counts, size(path), rounds)
        except (BrokenSnapshot, OSError) as error:
            return SnapshotSummary(path.name, rounds=rounds, problem=str(error))

    def _checked(self, name: str) -> StoredSnapshot:
        read = read_folder(self.folder / name)
        read.check()
        return read

    def _here(self, kinds: set[RecordKind], by_pairs: bool) -> Iterator[SnapshotRecord]:
        """What a snapshot written now would hold."""
        yield from self._pairs_here() if by_pairs else self._rankings_here()
        if "ratings" in kinds:
            yield from map(rating, filter(kto.carried, stored_ratings(self.store, self.persona)))
        if "demonstrations" in kinds:
            edits = (row.demonstration for batch in self.store.training.rows() for row in batch)
            rewritten = (edit for edit in edits if edit is not None)
            written = (self.store.demonstrations.all(), rewritten, chat_edits(self.store, self.persona))
            yield from map(demonstration, filter(sft.carried, chain(*written)))

    def _rankings_here(self) -> Iterator[SnapshotRecord]:
        for batch in self.store.training.rows():
            for row in batch:
                yield from map(ranking, row.ranked_replies())

    def _pairs_here(self) -> Iterator[SnapshotRecord]:
        for comparison in self.store.comparisons.with_rankings():
            pairs = [(p.chosen, p.rejected) for p in preference_pairs(comparison) if p.informative]
            if pairs:
                yield from_pairs(comparison.messages, pairs, comparison.id)

    def _origins(
        self, found: SnapshotDifference
    ) -> tuple[Mapping[ChangeType, Mapping[str, int]], Mapping[ChangeType, Mapping[str, int]]]:
        """Sources and tags of the comparisons whose rankings differ, as far as they are still here."""
        known = self.store.outcomes.origins([one for how in CHANGE_TYPES for one in found.comparisons[how]])
        sources: dict[ChangeType, Mapping[str, int]] = {}
        tags: dict[ChangeType, Mapping[str, int]] = {}
        for how in CHANGE_TYPES:
            ids = found.comparisons[how]
            sources[how] = Counter(known[one].source if one in known else GONE for one in ids)
            tags[how] = Counter(tag for one in ids if one in known for tag in known[one].tags)
        return sources, tags


def notes(kinds: set[RecordKind], by_pairs: bool) -> tuple[str, ...]:
    """What was not compared, in words."""
    told = [
        "An older snapshot holds only pairs: rankings are compared by their pairs, and ties are not compared."
    ]
    missing = [kind for kind in RECORD_KINDS[1:] if kind not in kinds]
    left = (
        [f"One of the two has no {' and no '.join(missing)}, so these are not compared."] if missing else []
    )
    return (*(told if by_pairs else ()), *left)
