"""A file, read: its format told from its records, each record checked, and what it says in our own values."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.formats import catalogue, container, helpsteer, sillytavern, unused
from feedback_app.formats import compression as packed
from feedback_app.formats.catalogue import LOADERS, UnknownFormat, imported
from feedback_app.formats.comparisons import LeftOut
from feedback_app.formats.container import Numbered
from feedback_app.formats.errors import BadRecord, Problems
from feedback_app.formats.jsonl import Limits

Item = Comparison | PreferencePair | Rating | Demonstration
WORDS: dict[type, str] = {
    Comparison: "rankings",
    PreferencePair: "pairs",
    Rating: "ratings",
    Demonstration: "demonstrations",
}
"""What the records became, for a person."""
LOGS = frozenset({"openwebui", "fastchat", "sillytavern"})
"""Formats in which records of several kinds stand beside each other. In the others that is a mistake."""
AUTO = "auto"


@dataclass(slots=True)
class Reading:
    """`head` are the first records, as they stand. `left_out`: what no value of ours can hold, by reason. `ignored`: fields left out as the importer asked, by name, with how often."""

    format: str
    head: list[Numbered]
    items: Iterator[Item]
    problems: Problems
    left_out: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Look:
    """What the beginning of a file is. `unread`: the names of fields that its format does not use."""

    format: str
    unread: tuple[str, ...]


def opened(
    source: Iterable[bytes], format: str | None, limits: Limits, ignore: Iterable[str] = ()
) -> Reading:
    """A file given in pieces; without a format, or with `auto`, it is told from the records. Raises UnknownFormat, ImportRefused,
    FileTooLarge, CannotIgnore; so may taking the items, whose problems are collected and not raised."""
    problems = Problems()
    given = imported(format) if format and format != AUTO else None
    start, pieces = packed.begun(source)
    records = container.records(pieces, limits, problems)
    head = list(islice(records, catalogue.LOOKED_AT))
    found = given if given and given != "parquet" else _told(head, problems, given)
    if found == "trl" and given != "trl" and container.is_parquet(start):
        found = "parquet"
    reading = Reading(found, head, iter(()), problems)
    names = unused.checked_names(list(ignore), LOADERS[found][1])
    reading.items = _items(reading, chain(head, records), names)
    return reading


def look(source: Iterable[bytes], format: str | None, limits: Limits) -> Look:
    """What a file is, from its first records. Raises UnknownFormat, ImportRefused, FileTooLarge."""
    reading = opened(source, format, limits)
    names = dict.fromkeys(
        name for _, record in reading.head for name in unused.unread(record, LOADERS[reading.format][1])
    )
    return Look(reading.format, tuple(names))


def _told(head: list[Numbered], problems: Problems, given: str | None) -> str:
    """The format of the first records; what cannot be read at all is said as such."""
    if found := catalogue.detected(record for _, record in head):
        return found
    if not head:
        problems.refuse()
        if given:
            return given
        raise UnknownFormat("Unrecognised file: it has no records")
    raise UnknownFormat(f"Unrecognised file: choose a format; {catalogue.seen(record for _, record in head)}")


def _items(reading: Reading, records: Iterable[Numbered], ignore: frozenset[str]) -> Iterator[Item]:
    found = _each(reading, records, ignore)
    match reading.format:
        case "helpsteer":
            found = helpsteer.grouped(found)
        case "sillytavern":
            found = sillytavern.told(found)
    try:
        for one in found:
            if isinstance(one, LeftOut):
                reading.left_out[one.reason] += 1
            else:
                yield one
    except BadRecord as error:  # what several records together come to
        reading.problems.add(0, f"cannot be read: {error}")


def _each(reading: Reading, records: Iterable[Numbered], ignore: frozenset[str]) -> Iterator[Any]:
    """What each record gives; those that cannot be read are problems."""
    kind: type | None = None
    for number, record in records:
        try:
            values = _loaded(reading, record, ignore)
            if reading.format not in LOGS:
                kind = _one_kind(kind, values)
        except BadRecord as error:
            reading.problems.add(number, str(error))
        else:
            yield from values


def _loaded(reading: Reading, record: dict[str, Any], ignore: frozenset[str]) -> list[Any]:
    """Raises BadRecord."""
    load, used = LOADERS[reading.format]
    own = catalogue.shape(record)
    if own is not None and own != reading.format and (own, reading.format) != ("trl", "parquet"):
        raise BadRecord(f"is in the format `{own}`, not `{reading.format}`")
    for name in ignore.intersection(unused.filled(record)):
        reading.ignored[name] += 1
    kept = unused.without(record, ignore)
    unused.refuse_unreadable(kept, used)
    value = load(kept)
    unused.refuse_unread(kept, used)
    return value if isinstance(value, list) else [value]


def _one_kind(kind: type | None, values: list[Any]) -> type | None:
    """The kind of record that a file has. Raises BadRecord at another one."""
    for value in values:
        if type(value) not in WORDS:
            continue
        if kind is not None and type(value) is not kind:
            raise BadRecord(
                f"gives {WORDS[type(value)]}, the records before it {WORDS[kind]}: put them into two files"
            )
        kind = type(value)
    return kind
