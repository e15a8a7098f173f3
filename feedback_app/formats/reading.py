"""Reads a file: detects its format, checks each record, and yields comparisons, pairs, ratings or demonstrations."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from feedback_app.domain.comparison import Comparison
from feedback_app.domain.preference import Demonstration, PreferencePair, Rating
from feedback_app.formats import catalogue, compression, container, helpsteer, sillytavern, unused
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
"""The kinds of items, for messages."""
LOGS = frozenset({"openwebui", "fastchat", "sillytavern"})
"""Formats that may mix records of several kinds. In the other formats that is an error."""
AUTO = "auto"


@dataclass(slots=True)
class Reading:
    """An open file. `head` holds the first raw records. `left_out` counts, by reason, what cannot be imported. `ignored` counts,
    by name, the fields that were dropped because the importer asked for it."""

    format: str
    head: list[Numbered]
    items: Iterator[Item]
    problems: Problems
    left_out: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Look:
    """A preview of a file: its format, and in `unread` the names of fields that the format does not use."""

    format: str
    unread: tuple[str, ...]


def opened(
    source: Iterable[bytes], format: str | None, limits: Limits, ignore: Iterable[str] = ()
) -> Reading:
    """Open a file given in pieces. Without a format, or with `auto`, the format is detected from the records.

    Raises UnknownFormat, ImportRefused, FileTooLarge, CannotIgnore, also while the items are read. Problems of single
    records are collected and not raised.
    """
    problems = Problems()
    requested = imported(format) if format and format != AUTO else None
    start, pieces = compression.peek(source)
    records = container.records(pieces, limits, problems)
    head = list(islice(records, catalogue.RECORDS_INSPECTED))
    name = requested if requested and requested != "parquet" else _detected(head, problems, requested)
    if name == "trl" and requested != "trl" and container.is_parquet(start):
        name = "parquet"
    reading = Reading(name, head, iter(()), problems)
    ignored = unused.checked_names(list(ignore), LOADERS[name][1])
    reading.items = _items(reading, chain(head, records), ignored)
    return reading


def look(source: Iterable[bytes], format: str | None, limits: Limits) -> Look:
    """Preview a file from its first records. Raises UnknownFormat, ImportRefused, FileTooLarge."""
    reading = opened(source, format, limits)
    names = dict.fromkeys(
        name for _, record in reading.head for name in unused.unread(record, LOADERS[reading.format][1])
    )
    return Look(reading.format, tuple(names))


def _detected(head: list[Numbered], problems: Problems, requested: str | None) -> str:
    """The format of the first records. Raises UnknownFormat; ImportRefused if no record can be read."""
    if name := catalogue.detected(record for _, record in head):
        return name
    if not head:
        problems.refuse()
        if requested:
            return requested
        raise UnknownFormat("Unrecognised file: it has no records")
    raise UnknownFormat(
        f"Unrecognised file: choose a format; {catalogue.describe_unrecognised(record for _, record in head)}"
    )


def _items(reading: Reading, records: Iterable[Numbered], ignore: frozenset[str]) -> Iterator[Item]:
    values = _each(reading, records, ignore)
    match reading.format:
        case "helpsteer":
            values = helpsteer.grouped(values)
        case "sillytavern":
            values = sillytavern.from_chat(values)
    try:
        for value in values:
            if isinstance(value, LeftOut):
                reading.left_out[value.reason] += 1
            else:
                yield value
    except BadRecord as error:  # several records together form an invalid item
        reading.problems.add(0, f"cannot be read: {error}")


def _each(reading: Reading, records: Iterable[Numbered], ignore: frozenset[str]) -> Iterator[Any]:
    """The values of each record. Records that cannot be read are added to the problems."""
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
    detected = catalogue.record_format(record)
    if (
        detected is not None
        and detected != reading.format
        and (detected, reading.format) != ("trl", "parquet")
    ):
        raise BadRecord(f"is in the format `{detected}`, not `{reading.format}`")
    for name in ignore.intersection(unused.filled(record)):
        reading.ignored[name] += 1
    kept = unused.without(record, ignore)
    unused.refuse_unreadable(kept, used)
    value = load(kept)
    unused.refuse_unread(kept, used)
    return value if isinstance(value, list) else [value]


def _one_kind(kind: type | None, values: list[Any]) -> type | None:
    """The kind of the file's records. Raises BadRecord if a record is of another kind."""
    for value in values:
        if type(value) not in WORDS:
            continue
        if kind is not None and type(value) is not kind:
            raise BadRecord(
                f"gives {WORDS[type(value)]}, the records before it {WORDS[kind]}: put them into two files"
            )
        kind = type(value)
    return kind
