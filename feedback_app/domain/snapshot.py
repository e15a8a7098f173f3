"""Snapshots of the training data, and how two of them differ. Pure."""

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

RecordKind = Literal["rankings", "ratings", "demonstrations"]
ChangeType = Literal["added", "removed", "changed"]
RECORD_KINDS: tuple[RecordKind, ...] = ("rankings", "ratings", "demonstrations")
CHANGE_TYPES: tuple[ChangeType, ...] = ("added", "removed", "changed")
SHOWN_PER_CHANGE = 10


class SnapshotNotFound(NotFound, LookupError):
    """No snapshot of that name here."""


class BrokenSnapshot(Conflict, ValueError):
    """A snapshot that cannot be read; the message says why, without any text of it."""


class SnapshotNeeded(Conflict, ValueError):
    """A snapshot that may not be deleted; the message says which round needs it."""


@dataclass(frozen=True, slots=True)
class SnapshotSummary:
    """A snapshot as its manifest tells of it. `problem`: why there is no more to tell. `size` in bytes; `rounds` learned
    from it, newest first."""

    hash: str
    created_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    size: int = 0
    rounds: tuple[Round, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """One thing that was said. `places[i]` is the place of `replies[i]`, 0 the best: of a rating 0 is good, 1 is bad; a
    demonstration has place 0. Records of the same `key` are told apart by their order."""

    kind: RecordKind
    key: str
    prompt: tuple[Message, ...]
    replies: tuple[str, ...]
    places: tuple[int, ...]
    comparison: str = ""

    def digest(self) -> bytes:
        """The same for the same verdict, in whatever order the replies stand."""
        prompt = [[message.role, message.content] for message in self.prompt]
        return content_digest([prompt, sorted(zip(self.places, self.replies, strict=True))])


def content_digest(content: object) -> bytes:
    """32 bytes that are the same for the same JSON content."""
    return hashlib.sha256(json.dumps(content).encode()).digest()


def from_pairs(
    prompt: tuple[Message, ...], pairs: Sequence[tuple[str, str]], comparison: str
) -> SnapshotRecord:
    """The ranking that (chosen, rejected) pairs of one comparison amount to: by how many others each reply beats."""
    wins = Counter({text: 0 for pair in pairs for text in pair})
    wins.update(chosen for chosen, _ in pairs)
    levels = sorted(set(wins.values()), reverse=True)
    places = tuple(levels.index(won) for won in wins.values())
    return SnapshotRecord("rankings", comparison, prompt, tuple(wins), places, comparison)


@dataclass(frozen=True, slots=True)
class RecordChange:
    """`before` is missing of what was added, `after` of what was removed."""

    kind: RecordKind
    how: ChangeType
    before: SnapshotRecord | None = None
    after: SnapshotRecord | None = None


@dataclass(frozen=True, slots=True)
class SnapshotDifference:
    """`counts` by kind and by how it differs, `same` by kind; `first` are the first few of each, `comparisons` the ids of
    those whose rankings differ."""

    counts: Mapping[tuple[RecordKind, ChangeType], int]
    same: Mapping[RecordKind, int]
    first: tuple[RecordChange, ...]
    comparisons: Mapping[ChangeType, tuple[str, ...]]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


RecordSource = Callable[[], Iterable[SnapshotRecord]]
RecordId = tuple[RecordKind, str, int]
"""RecordKind, key, and the how-manieth of that key: several people may rank one comparison, and a reply be rated twice."""


def difference(before: RecordSource, after: RecordSource) -> SnapshotDifference:
    """What stands in the one and not in the other. `after` is read once, `before` again for the texts of what is gone;
    only digests are held meanwhile."""
    known = {place: (record.digest(), record.comparison) for place, record in _placed(before())}
    same, found = Counter[RecordKind](), list[tuple[ChangeType, RecordId, str]]()
    texts: dict[RecordId, SnapshotRecord] = {}
    shown = Counter[tuple[RecordKind, ChangeType]]()
    for place, record in _placed(after()):
        was = known.pop(place, None)
        if was is not None and was[0] == record.digest():
            same[record.kind] += 1
            continue
        how: ChangeType = "added" if was is None else "changed"
        found.append((how, place, record.comparison))
        shown[record.kind, how] += 1
        if shown[record.kind, how] <= SHOWN_PER_CHANGE:
            texts[place] = record
    found += [("removed", place, comparison) for place, (_, comparison) in known.items()]
    first = _first(found)
    gone = _texts(before, {place for how, place in first if how != "added"})
    return SnapshotDifference(
        counts=Counter((place[0], how) for how, place, _ in found),
        same=same,
        first=tuple(RecordChange(place[0], how, gone.get(place), texts.get(place)) for how, place in first),
        comparisons={how: tuple(c for h, _, c in found if h == how and c) for how in CHANGE_TYPES},
    )


def _first(found: Iterable[tuple[ChangeType, RecordId, str]]) -> list[tuple[ChangeType, RecordId]]:
    """The first few of each kind and way."""
    taken, first = Counter[tuple[RecordKind, ChangeType]](), list[tuple[ChangeType, RecordId]]()
    for how, place, _ in found:
        taken[place[0], how] += 1
        if taken[place[0], how] <= SHOWN_PER_CHANGE:
            first.append((how, place))
    return first


def _texts(source: RecordSource, wanted: set[RecordId]) -> dict[RecordId, SnapshotRecord]:
    found: dict[RecordId, SnapshotRecord] = {}
    for place, record in _placed(source()) if wanted else ():
        if place in wanted:
            found[place] = record
            if len(found) == len(wanted):
                break
    return found


def _placed(records: Iterable[SnapshotRecord]) -> Iterator[tuple[RecordId, SnapshotRecord]]:
    seen = Counter[tuple[RecordKind, str]]()
    for record in records:
        seen[record.kind, record.key] += 1
        yield (record.kind, record.key, seen[record.kind, record.key]), record
