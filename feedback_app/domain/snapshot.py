"""Snapshots of what people said, and how two of them differ. Pure."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from feedback_app.domain.comparison import Message
from feedback_app.domain.round import Round
from feedback_app.errors import Conflict, NotFound

Kind = Literal["rankings", "ratings", "demonstrations"]
How = Literal["added", "removed", "changed"]
KINDS: tuple[Kind, ...] = ("rankings", "ratings", "demonstrations")
HOWS: tuple[How, ...] = ("added", "removed", "changed")
FIRST = 10


class SnapshotNotFound(NotFound, LookupError):
    """No snapshot of that name here."""


class BrokenSnapshot(Conflict, ValueError):
    """A snapshot that cannot be read; the message says why, without any text of it."""


class SnapshotNeeded(Conflict, ValueError):
    """A snapshot that may not be deleted; the message says which round needs it."""


@dataclass(frozen=True, slots=True)
class Described:
    """A snapshot as its manifest tells of it. `problem`: why there is no more to tell. `size` in bytes; `rounds` learned
    from it, newest first."""

    hash: str
    created_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    size: int = 0
    rounds: tuple[Round, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was said. `places[i]` is the place of `replies[i]`, 0 the best: of a rating 0 is good, 1 is bad; a
    demonstration has place 0. Records of the same `key` are told apart by their order."""

    kind: Kind
    key: str
    prompt: tuple[Message, ...]
    replies: tuple[str, ...]
    places: tuple[int, ...]
    comparison: str = ""

    def digest(self) -> bytes:
        """The same for the same verdict, in whatever order the replies stand."""
        prompt = [[message.role, message.content] for message in self.prompt]
        return digest_of([prompt, sorted(zip(self.places, self.replies, strict=True))])


def digest_of(content: object) -> bytes:
    """32 bytes that are the same for the same JSON content."""
    return hashlib.sha256(json.dumps(content).encode()).digest()


def from_pairs(prompt: tuple[Message, ...], pairs: Sequence[tuple[str, str]], comparison: str) -> Record:
    """The ranking that (chosen, rejected) pairs of one comparison amount to: by how many others each reply beats."""
    wins = Counter({text: 0 for pair in pairs for text in pair})
    wins.update(chosen for chosen, _ in pairs)
    levels = sorted(set(wins.values()), reverse=True)
    places = tuple(levels.index(won) for won in wins.values())
    return Record("rankings", comparison, prompt, tuple(wins), places, comparison)


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is missing of what was added, `after` of what was removed."""

    kind: Kind
    how: How
    before: Record | None = None
    after: Record | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """`counts` by kind and by how it differs, `same` by kind; `first` are the first few of each, `comparisons` the ids of
    those whose rankings differ."""

    counts: Mapping[tuple[Kind, How], int]
    same: Mapping[Kind, int]
    first: tuple[Change, ...]
    comparisons: Mapping[How, tuple[str, ...]]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


Source = Callable[[], Iterable[Record]]
Id = tuple[Kind, str, int]
"""Kind, key, and the how-manieth of that key: several people may rank one comparison, and a reply be rated twice."""


def difference(before: Source, after: Source) -> Difference:
    """What stands in the one and not in the other. `after` is read once, `before` again for the texts of what is gone;
    only digests are held meanwhile."""
    known = {place: (record.digest(), record.comparison) for place, record in _placed(before())}
    same, found = Counter[Kind](), list[tuple[How, Id, str]]()
    texts: dict[Id, Record] = {}
    shown = Counter[tuple[Kind, How]]()
    for place, record in _placed(after()):
        was = known.pop(place, None)
        if was is not None and was[0] == record.digest():
            same[record.kind] += 1
            continue
        how: How = "added" if was is None else "changed"
        found.append((how, place, record.comparison))
        shown[record.kind, how] += 1
        if shown[record.kind, how] <= FIRST:
            texts[place] = record
    found += [("removed", place, comparison) for place, (_, comparison) in known.items()]
    first = _first(found)
    gone = _texts(before, {place for how, place in first if how != "added"})
    return Difference(
        counts=Counter((place[0], how) for how, place, _ in found),
        same=same,
        first=tuple(Change(place[0], how, gone.get(place), texts.get(place)) for how, place in first),
        comparisons={how: tuple(c for h, _, c in found if h == how and c) for how in HOWS},
    )


def _first(found: Iterable[tuple[How, Id, str]]) -> list[tuple[How, Id]]:
    """The first few of each kind and way."""
    taken, first = Counter[tuple[Kind, How]](), list[tuple[How, Id]]()
    for how, place, _ in found:
        taken[place[0], how] += 1
        if taken[place[0], how] <= FIRST:
            first.append((how, place))
    return first


def _texts(source: Source, wanted: set[Id]) -> dict[Id, Record]:
    found: dict[Id, Record] = {}
    for place, record in _placed(source()) if wanted else ():
        if place in wanted:
            found[place] = record
            if len(found) == len(wanted):
                break
    return found


def _placed(records: Iterable[Record]) -> Iterator[tuple[Id, Record]]:
    seen = Counter[tuple[Kind, str]]()
    for record in records:
        seen[record.kind, record.key] += 1
        yield (record.kind, record.key, seen[record.kind, record.key]), record
