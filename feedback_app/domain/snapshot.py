"""Snapshots of the training data, and how two of them differ. Pure."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
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
        """The same for the same ranking, in whatever order the replies stand."""
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
    those whose rankings differ, 100,000 of each at most."""

    counts: Mapping[tuple[RecordKind, ChangeType], int]
    same: Mapping[RecordKind, int]
    first: tuple[RecordChange, ...]
    comparisons: Mapping[ChangeType, tuple[str, ...]]

    @property
    def total(self) -> int:
        return sum(self.counts.values())
