"""How two snapshots differ. Only 17 bytes of each record stay in memory, so that a million can be compared. Pure."""

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from feedback_app.domain.snapshot import (
    CHANGE_TYPES,
    RECORD_KINDS,
    SHOWN_PER_CHANGE,
    ChangeType,
    RecordChange,
    SnapshotDifference,
    SnapshotRecord,
)

RecordSource = Callable[[], Iterable[SnapshotRecord]]
MOST_COMPARISONS = 100_000
"""The ids of so many comparisons are given at most, of each way to differ."""
STEP = np.uint64(0x9E3779B97F4A7C15)
SAME = -1


@dataclass(slots=True)
class Digests:
    """The kind, key and content of each record of a source, in order, as numbers."""

    kinds: "array[int]" = field(default_factory=lambda: array("B"))
    keys: "array[int]" = field(default_factory=lambda: array("Q"))
    contents: "array[int]" = field(default_factory=lambda: array("Q"))

    @classmethod
    def of(cls, records: Iterable[SnapshotRecord]) -> "Digests":
        digests = cls()
        for record in records:
            digests.kinds.append(RECORD_KINDS.index(record.kind))
            digests.keys.append(_number(f"{record.kind} {record.key}".encode()))
            digests.contents.append(int.from_bytes(record.digest()[:8], "big"))
        return digests

    def places(self) -> Any:
        """A number for each record, which tells records of the same key apart by their order: several people may rank one
        comparison."""
        keys = np.array(self.keys, np.uint64)
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(keys) else order
        lengths = np.diff(np.append(first, len(keys)))
        nth = np.empty(len(keys), np.uint64)
        nth[order] = (np.arange(len(keys)) - np.repeat(first, lengths)).astype(np.uint64)
        return keys + nth * STEP


def difference(before: RecordSource, after: RecordSource) -> SnapshotDifference:
    """How `after` differs from `before`. Both are read once, and a second time where texts are to be shown."""
    old, new = Digests.of(before()), Digests.of(after())
    old_how, new_how, pairs = _compared(old, new)
    shown_new, shown_old = _first(new.kinds, new_how), _first(old.kinds, old_how)
    matching = {int(now): int(then) for now, then in pairs if int(now) in shown_new}
    texts = _Texts.of(after, new_how, shown_new)
    gone = _Texts.of(before, old_how, {*shown_old, *matching.values()})
    changes = [
        RecordChange(record.kind, CHANGE_TYPES[new_how[at]], gone.records.get(matching.get(at, -1)), record)
        for at, record in texts.records.items()
    ]
    changes += [
        RecordChange(record.kind, "removed", record) for at, record in gone.records.items() if at in shown_old
    ]
    counts = Counter(_counts(new.kinds, new_how)) + Counter(_counts(old.kinds, old_how))
    same = Counter(RECORD_KINDS[kind] for kind, how in zip(new.kinds, new_how, strict=True) if how == SAME)
    comparisons = {how: tuple(texts.comparisons[how] or gone.comparisons[how]) for how in CHANGE_TYPES}
    return SnapshotDifference(counts, same, tuple(changes), comparisons)


def _compared(old: Digests, new: Digests) -> tuple[Any, Any, Any]:
    """How each record of both sides differs, as its number in CHANGE_TYPES, and (new, old) of those that changed."""
    _, at_old, at_new = np.intersect1d(old.places(), new.places(), assume_unique=True, return_indices=True)
    changed = np.array(old.contents, np.uint64)[at_old] != np.array(new.contents, np.uint64)[at_new]
    old_how = np.full(len(old.keys), CHANGE_TYPES.index("removed"), np.int8)
    new_how = np.full(len(new.keys), CHANGE_TYPES.index("added"), np.int8)
    old_how[at_old] = new_how[at_new] = SAME
    new_how[at_new[changed]] = CHANGE_TYPES.index("changed")
    return old_how, new_how, np.column_stack([at_new[changed], at_old[changed]])


def _first(kinds: "array[int]", how: Any) -> set[int]:
    """The first few records of each kind and way."""
    chosen = set[int]()
    for kind in range(len(RECORD_KINDS)):
        for way in range(len(CHANGE_TYPES)):
            places = np.flatnonzero((np.array(kinds, np.uint8) == kind) & (how == way))
            chosen.update(places[:SHOWN_PER_CHANGE].tolist())
    return chosen


def _counts(kinds: "array[int]", how: Any) -> dict[Any, int]:
    counted = Counter(zip(kinds, how.tolist(), strict=True))
    return {
        (RECORD_KINDS[kind], CHANGE_TYPES[way]): number
        for (kind, way), number in counted.items()
        if way != SAME
    }


@dataclass(slots=True)
class _Texts:
    """Records that are shown, by their number in the source, and the comparisons of all records that differ."""

    records: dict[int, SnapshotRecord] = field(default_factory=dict)
    comparisons: Mapping[ChangeType, list[str]] = field(
        default_factory=lambda: {how: list[str]() for how in CHANGE_TYPES}
    )

    @classmethod
    def of(cls, source: RecordSource, how: Any, shown: set[int]) -> "_Texts":
        """Reads the source up to the last record that differs or is shown; it may have changed since it was read first."""
        texts = cls()
        last = max([*np.flatnonzero(how != SAME)[-1:].tolist(), *shown], default=-1)
        for at, record in enumerate(source() if last >= 0 else ()):
            if at in shown:
                texts.records[at] = record
            if how[at] != SAME and record.comparison:
                known = texts.comparisons[CHANGE_TYPES[how[at]]]
                if len(known) < MOST_COMPARISONS:
                    known.append(record.comparison)
            if at >= last:
                break
        return texts


def _number(text: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
