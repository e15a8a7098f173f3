"""The snapshots that rounds learned from, how two differ, and what has been said since."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feedback_app.domain.persona import Persona
from feedback_app.domain.preference import preference_pairs, ranked_replies
from feedback_app.domain.round import Round
from feedback_app.domain.snapshot import (
    HOWS,
    KINDS,
    BrokenSnapshot,
    Described,
    Difference,
    How,
    Kind,
    Record,
    SnapshotNeeded,
    SnapshotNotFound,
    difference,
    from_pairs,
)
from feedback_app.formats import kto, sft
from feedback_app.services.dataset.export_sizes import stamp
from feedback_app.services.dataset.unpaired_feedback import PersonaOf, given_demonstrations, given_ratings
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
GONE = "(deleted since)"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two snapshots, or one and what is here now. `sources` and `tags` count the comparisons whose rankings differ;
    `kinds` are those that both hold, `notes` say what was not compared."""

    one: str
    other: str
    difference: Difference
    sources: Mapping[How, Mapping[str, int]]
    tags: Mapping[How, Mapping[str, int]]
    kinds: frozenset[Kind] = frozenset(KINDS)
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Snapshots:
    """`folder` may be another machine's: what is not here is said. `personas` whose system prompts go before what was said of replies in chats."""

    store: Store
    folder: Path
    persona: PersonaOf | None = None
    personas: Callable[[], list[Persona]] = list
    _since: tuple[tuple[Any, ...], Compared | None] = field(default=((), None))

    def all(self) -> list[Described]:
        """Newest first; at the end what cannot be read, or lies on another machine."""
        rounds: dict[str, list[Round]] = {}
        for round_ in self.store.rounds.list(MANY):
            rounds.setdefault(round_.snapshot, []).append(round_)
        rounds.pop("", None)
        found = [self._described(path, tuple(rounds.pop(path.name, ()))) for path in self._folders()]
        away = "not on this machine, or deleted"
        found += [Described(name, rounds=tuple(of), problem=away) for name, of in rounds.items()]
        whole = sorted(
            (one for one in found if one.created_at), key=lambda one: str(one.created_at), reverse=True
        )
        return [*whole, *(one for one in found if one.created_at is None)]

    def newest(self) -> Described | None:
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

    def compared(self, one: str, other: str) -> Compared:
        """What `other` has that `one` has not, and the other way round. Raises SnapshotNotFound, BrokenSnapshot."""
        one, other = self.named(one), self.named(other)
        sides = [None if name == NOW else self._checked(name) for name in (one, other)]
        held = [set(KINDS) if side is None else side.kinds for side in sides]
        kinds, by_pairs = held[0] & held[1], not all("rankings" in kinds for kinds in held)

        def source(side: StoredSnapshot | None) -> Callable[[], Iterator[Record]]:
            return lambda: self._here(kinds, by_pairs) if side is None else side.records(kinds, by_pairs)

        found = difference(source(sides[0]), source(sides[1]))
        sources, tags = self._origins(found)
        return Compared(
            one, other, found, sources, tags, frozenset(kinds | {"rankings"}), notes(kinds, by_pairs)
        )

    def since(self) -> Compared | None:
        """What has been said since the newest snapshot; None without any. The data is read where it has changed since
        the last call."""
        newest = self.newest()
        if newest is None:
            return None
        now = (newest.hash, stamp(self.store), *self.personas())
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

    def _described(self, path: Path, rounds: tuple[Round, ...]) -> Described:
        try:
            read = read_folder(path)
            return Described(path.name, read.created_at, read.counts, size(path), rounds)
        except (BrokenSnapshot, OSError) as error:
            return Described(path.name, rounds=rounds, problem=str(error))

    def _checked(self, name: str) -> StoredSnapshot:
        read = read_folder(self.folder / name)
        read.check()
        return read

    def _here(self, kinds: set[Kind], by_pairs: bool) -> Iterator[Record]:
        """What a snapshot written now would hold."""
        for comparison in self.store.comparisons.judged():
            if by_pairs:
                pairs = [(p.chosen, p.rejected) for p in preference_pairs(comparison) if p.informative]
                if pairs:
                    yield from_pairs(comparison.messages, pairs, comparison.id)
            else:
                yield from map(ranking, ranked_replies(comparison))
        if "ratings" in kinds:
            yield from map(rating, filter(kto.carried, given_ratings(self.store, self.persona)))
        if "demonstrations" in kinds:
            said_ = given_demonstrations(self.store, self.persona)
            yield from map(demonstration, filter(sft.carried, said_))

    def _origins(
        self, found: Difference
    ) -> tuple[Mapping[How, Mapping[str, int]], Mapping[How, Mapping[str, int]]]:
        """Sources and tags of the comparisons whose rankings differ, as far as they are still here."""
        known = self.store.outcomes.origins([one for how in HOWS for one in found.comparisons[how]])
        sources: dict[How, Mapping[str, int]] = {}
        tags: dict[How, Mapping[str, int]] = {}
        for how in HOWS:
            ids = found.comparisons[how]
            sources[how] = Counter(known[one].source if one in known else GONE for one in ids)
            tags[how] = Counter(tag for one in ids if one in known for tag in known[one].tags)
        return sources, tags


def notes(kinds: set[Kind], by_pairs: bool) -> tuple[str, ...]:
    """What was not compared, in words."""
    told = [
        "An older snapshot holds only pairs: rankings are compared by their pairs, and ties are not compared."
    ]
    missing = [kind for kind in KINDS[1:] if kind not in kinds]
    left = (
        [f"One of the two has no {' and no '.join(missing)}, so these are not compared."] if missing else []
    )
    return (*(told if by_pairs else ()), *left)
